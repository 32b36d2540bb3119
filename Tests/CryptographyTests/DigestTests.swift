import Cryptography
import Testing

private func hex(_ bytes: [UInt8]) -> String { hexadecimal(bytes.span) }

@Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
])
func `SHA-256 gives the standard's own values`(message: String, expected: String) {
    let message = utf8(message)
    #expect(hex(sha256(message.span)) == expected)
}

@Test func `SHA-1 gives the standard's own value`() {
    let message = utf8("abc")
    #expect(hex(sha1(message.span)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
}

@Test(arguments: [
    ("message", "key", "6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a"),
    ("", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
])
func `a keyed digest is HMAC-SHA-256, with an empty key too`(message: String, key: String, expected: String) {
    let (message, key) = (utf8(message), utf8(key))
    #expect(hex(hmacSHA256(message.span, key: key.span)) == expected)
}

@Test func `random bytes differ and have the length asked for`() {
    #expect(randomBytes(32) != randomBytes(32))
    #expect(randomBytes(7).count == 7)
    #expect(randomBytes(0).isEmpty)
}
