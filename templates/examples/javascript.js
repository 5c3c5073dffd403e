// In a page of this server, or of a site that its CORS_ORIGINS names.
const canvas = document.querySelector("canvas");
const response = await fetch("http://127.0.0.1:8000/api/predict", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  // Not as a JPEG, whose paper would be black where the canvas is transparent.
  body: JSON.stringify({ image: canvas.toDataURL("image/png") }),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);
console.log(answer.number, answer.confidence, answer.fact?.text);
