import Cryptography
import Secrets
import Testing

private func array(_ secret: borrowing SecretBytes) -> [UInt8] {
    secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
}

private func encoded(_ bytes: [UInt8], _ alphabet: Base64Alphabet = .standard) -> String {
    base64Text(bytes.span, alphabet)
}

private func decoded(_ encoded: String, _ alphabet: Base64Alphabet = .standard) throws -> [UInt8] {
    let bytes = Array(encoded.utf8)
    return array(try base64Decoded(bytes.span, alphabet))
}

private func fromHexadecimal(_ encoded: String) throws -> [UInt8] {
    let bytes = Array(encoded.utf8)
    return array(try hexadecimalDecoded(bytes.span))
}

/// RFC 4648, section 10.
private let vectors = [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
]

@Test(arguments: vectors)
func `base64 gives the standard's own values both ways`(plain: String, text: String) throws {
    #expect(encoded(Array(plain.utf8)) == text)
    #expect(try decoded(text) == Array(plain.utf8))
}

@Test func `the URL alphabet has no padding and its own last two symbols`() throws {
    let all: [UInt8] = [0xFB, 0xFF, 0xFE, 0x00]
    #expect(encoded(all, .url) == "-__-AA")
    #expect(try decoded("-__-AA", .url) == all)
    #expect(try decoded("+//+AA==") == all)
}

@Test(arguments: ["Zm9v\r\nYmFy\r\n", " Zm9v YmFy ", "Zm9v\nYmF\ny", "\tZm9vYmFy\n\n"])
func `base64 in lines is decoded`(text: String) throws {
    #expect(try decoded(text) == Array("foobar".utf8))
}

@Test(arguments: ["Zg=", "Z", "Zm9vY", "Zg==Zg==", "Zm=v", "Zm9v====", "Zm9v!", "Zm9_", "=", "Zm8==", "Zm9v\0"])
func `what is not base64 is refused`(text: String) {
    #expect(throws: CryptographyError.malformed(what: "base64")) { try decoded(text) }
}

@Test func `base64 without its padding is decoded`() throws {
    #expect(try decoded("Zm9vYg") == Array("foob".utf8))
}

@Test func `a value with every byte survives 76 columns`() throws {
    let all = (0...255).map { UInt8($0) }
    var lines = ""
    var rest = Substring(encoded(all))
    while !rest.isEmpty {
        lines += rest.prefix(76) + "\r\n"
        rest = rest.dropFirst(76)
    }
    #expect(try decoded(lines) == all)
}

@Test func `hexadecimal goes both ways and skips line ends`() throws {
    let bytes: [UInt8] = [0x00, 0x7F, 0xFF]
    #expect(hexadecimal(bytes.span) == "007fff")
    #expect(try fromHexadecimal("00 7F\nfF\n") == bytes)
}

@Test(arguments: ["0", "0g", "0 0", "000"])
func `what is not hexadecimal is refused`(text: String) {
    #expect(throws: CryptographyError.malformed(what: "hexadecimal")) { try fromHexadecimal(text) }
}
