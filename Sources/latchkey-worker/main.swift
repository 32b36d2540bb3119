print("latchkey-worker")
