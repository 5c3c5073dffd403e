# Read a picture.
curl -s --data-binary @seven.png -H 'Content-Type: image/png' http://127.0.0.1:8000/api/predict

# Read several at once, and see what the network saw.
curl -s -F images=@seven.png -F images=@seven.png 'http://127.0.0.1:8000/api/predict?include=seen'

# Where keys are needed, send one.
curl -s -H "X-API-Key: $KEY" -F image=@seven.png http://127.0.0.1:8000/api/predict

# Get a fact.
curl -s http://127.0.0.1:8000/api/facts/7?kind=math
