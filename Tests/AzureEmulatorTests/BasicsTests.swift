import AzureEmulator
import Testing

struct BasicsTests {
    @Test(arguments: [
        #"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#, #""é😀""#, "[]", "{}", "-12", "0.5",
        #"{"z":"\"\\\n\t\r\b\f"}"#,
    ])
    func `JSON is written as it was read`(text: String) throws {
        #expect(try JSON(parsing: text).text == text)
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\"}", "\"\u{1}\"", "\"\\x\"", "tru", "1 2", "\"\\ud800\"", "{\"a\":1,}"])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }

    @Test func `escapes and surrogates become characters`() throws {
        #expect(try JSON(parsing: #""\u00e9\ud83d\ude00\/""#) == "é😀/")
    }

    @Test func `deep nesting is refused instead of exhausting the stack`() {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: String(repeating: "[", count: 100_000)) }
    }

    @Test(arguments: [
        ("a%20b", false, "a b"), ("a+b", true, "a b"), ("a+b", false, "a+b"), ("%2", false, "%2"),
        ("%zz", false, "%zz"), ("https%3A%2F%2Fvault.azure.net", true, "https://vault.azure.net"),
    ])
    func `percent escapes are taken apart`(text: String, plusIsSpace: Bool, expected: String) {
        #expect(Percent.decode(text, plusIsSpace: plusIsSpace) == expected)
    }

    @Test(arguments: [([UInt8](), ""), ([0xFF], "_w"), ([0xFB, 0xFF], "-_8"), ([1, 2, 3], "AQID")])
    func `base64 of URLs has its own alphabet and no padding`(bytes: [UInt8], text: String) {
        #expect(Base64.urlText(bytes) == text)
        #expect(Base64.bytes(text) == bytes)
    }

    @Test func `dates are written as each of the services writes them`() {
        let moment = 1_560_999_478.0  // 2019-06-20 02:57:58
        #expect(Moment.rfc3339(moment) == "2019-06-20T02:57:58Z")
        #expect(Moment.appServiceLinux(moment) == "06/20/2019 02:57:58 +00:00")
        #expect(Moment.appServiceWindows(moment) == "6/20/2019 2:57:58 AM +00:00")
        #expect(Moment.entra(moment) == "2019-06-20 02:57:58Z")
        #expect(Moment.http(moment) == "Thu, 20 Jun 2019 02:57:58 GMT")
        #expect(Moment.appServiceWindows(42) == "1/1/1970 12:00:42 AM +00:00")
        #expect(Moment.rfc3339(951_782_400) == "2000-02-29T00:00:00Z")
        #expect(Moment.rfc3339(-1) == "1969-12-31T23:59:59Z")
    }

    @Test(arguments: [("30s", 30), ("5m", 300), ("12h", 43_200), ("250ms", 0.25), ("90d", 7_776_000), ("7", 7)])
    func `durations have units`(text: String, seconds: Double) {
        #expect(Moment.duration(text) == seconds)
    }

    @Test(arguments: [
        ("2026-04-01T10:20:30Z", 1_775_038_830), ("2026-04-01", 1_775_001_600), ("1775038830", 1_775_038_830),
    ])
    func `dates are read in several forms`(text: String, seconds: Double) {
        #expect(Moment.parse(text) == seconds)
    }

    @Test func `no time is too far away to be written`() {
        #expect(Moment.rfc3339(1e300).hasSuffix("Z") && Moment.rfc3339(-1e300).hasSuffix("Z"))
    }

    @Test func `random bytes crash no parser`() {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "{", "}", "[", "]", "\"", ":", ",", "\\", "\\u", "d800", "1e9", "-", ".", "true", "null", " ", "%", "=",
            "&",
            "e30", "~", "!", "\u{0}", "é",
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<12, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            _ = try? JSON(parsing: text)
            _ = Percent.pairs(text)
            _ = Base64.bytes(text)
            _ = Paging.marker(of: Base64.urlText(text.utf8))
            _ = SignedToken(text)
            _ = try? TokenIssuer().claims(of: text)
            _ = try? DotEnv.seed(text)
            _ = try? SecretChange(Array(text.utf8))
        }
    }

    @Test func `a compressed body is what gunzip expects`() {
        let packed = Gzip.stored(Array("hello".utf8))
        #expect(packed.prefix(3) == [0x1F, 0x8B, 8])
        // The checksum and the length of "hello" close the file.
        #expect(packed.suffix(8) == [0x86, 0xA6, 0x10, 0x36, 5, 0, 0, 0])
    }
}
