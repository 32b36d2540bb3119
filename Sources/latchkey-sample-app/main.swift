print("latchkey-sample-app")
