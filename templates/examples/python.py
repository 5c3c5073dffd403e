import base64

import requests

with open("seven.png", "rb") as file:
    picture = file.read()

api = "http://127.0.0.1:8000/api"
headers = {"Content-Type": "image/png"}
response = requests.post(f"{api}/predict?model=lenet", picture, headers=headers, timeout=10)
answer = response.json()
if not response.ok:
    raise SystemExit(answer["detail"])
print(answer["number"], answer["confidence"], answer["fact"]["text"])

# Several at once are answered in order.
images = [base64.b64encode(picture).decode()] * 3
response = requests.post(f"{api}/predict", json={"images": images}, timeout=10)
response.raise_for_status()
print([answer["number"] for answer in response.json()["answers"]])
