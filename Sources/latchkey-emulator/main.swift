print("latchkey-emulator")
