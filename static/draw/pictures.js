// Pictures from elsewhere: opened, photographed, dropped or pasted. They are scaled down and encoded anew
// here, so that nothing but the pixels of a photo is sent: neither its location nor its date.

const LARGEST = 1024; // pixels of the longer side: more adds nothing to 28x28
const MOST_BYTES = 50_000_000;
const WITH_ALPHA = /^image\/(png|gif|webp|svg\+xml|avif)$/;

// {image, url}: a canvas to be shown, and a data URL to be sent. Rejects with an Error whose message is for
// the visitor.
export async function openPicture(file) {
  if (file.type && !file.type.startsWith("image/")) throw new Error("That is no picture. Choose a photo or drawing of a number.");
  if (file.size > MOST_BYTES) throw new Error("That picture is too large. Choose one of at most 50 MB.");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file); // rotated as its EXIF data says
  } catch {
    throw new Error("That picture can’t be opened here. Try a JPEG or PNG.");
  }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const image = document.createElement("canvas");
  image.width = Math.max(1, Math.round(bitmap.width * scale));
  image.height = Math.max(1, Math.round(bitmap.height * scale));
  image.getContext("2d").drawImage(bitmap, 0, 0, image.width, image.height);
  bitmap.close();
  // Ink may lie in the transparency alone; a photo has none, and is smaller as a JPEG.
  const url = WITH_ALPHA.test(file.type) ? image.toDataURL("image/png") : image.toDataURL("image/jpeg", 0.9);
  return { image, url };
}

// Calls `onPicture` with each file that is chosen in an input, dropped on the page or pasted. While one is
// dragged over the page, `zone` has the attribute data-dragged.
export function acceptPictures(inputs, zone, onPicture) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (input.files.length) onPicture(input.files[0]);
      input.value = ""; // so that the same picture can be chosen again
    });
  }
  const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    zone.toggleAttribute("data-dragged", true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget || zone.removeAttribute("data-dragged"));
  addEventListener("drop", (event) => {
    zone.removeAttribute("data-dragged");
    if (!files(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) onPicture(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const [pasted] = event.clipboardData?.files ?? [];
    if (!pasted) return;
    event.preventDefault();
    onPicture(pasted);
  });
}
