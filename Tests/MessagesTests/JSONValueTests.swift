import Messages
import Testing

@Suite struct JSONValueTests {
    private static let value: JSONValue = [
        "schema": 1, "ok": .boolean(true), "none": .null, "list": .array([1, "a", .array([]), [:]]),
        "inner": ["b": .written(Array("[2]".utf8))],
    ]

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `a value stands on one line, its members in order`() {
        #expect(
            text(Self.value.bytes())
                == #"{"schema":1,"ok":true,"none":null,"list":[1,"a",[],{}],"inner":{"b":[2]}}"#)
    }

    @Test func `the outer levels are spread over lines`() {
        #expect(
            text(Self.value.bytes(levels: 1)) == """
                {
                  "schema": 1,
                  "ok": true,
                  "none": null,
                  "list": [1,"a",[],{}],
                  "inner": {"b":[2]}
                }
                """)
    }

    @Test func `a document has every member on a line of its own`() {
        let value: JSONValue = ["list": .array([1, ["a": 2]]), "empty": [:]]
        #expect(
            text(value.document) == """
                {
                  "list": [
                    1,
                    {
                      "a": 2
                    }
                  ],
                  "empty": {}
                }

                """)
    }

    @Test func `a part of a document is indented for its depth`() {
        #expect(text(JSONValue.array([["a": 1]]).bytes(levels: 1, depth: 1)) == "[\n    {\"a\":1}\n  ]")
    }

    @Test(arguments: [
        "", "plain", "quo\"te", "back\\slash", "line\nend", "bell\u{7}", "\u{0}", "\u{2028}\u{202E}", "grüße",
        "\u{1F511}",
        "\u{E0001}", "\u{7F}/",
    ])
    func `whatever stands in a text, the reader finds it again`(written: String) throws {
        let value: JSONValue = .object([(name: written, value: .text(written))])
        let bytes = value.bytes()
        #expect(
            try JSONReader.object(bytes.span).text(written, in: bytes.span)?.unicodeScalars.elementsEqual(
                written.unicodeScalars) == true)
        #expect(!bytes.contains { $0 < 0x20 || $0 == 0x7F })
    }

    @Test func `the ends of 64 bits are read as they were written`() throws {
        for number in [Int64.min, .max] {
            let value: JSONValue = ["a": .integer(number)]
            let bytes = value.bytes()
            #expect(try JSONReader.object(bytes.span).requiredInteger("a", in: bytes.span) == number)
        }
    }

    @Test func `a text is cut at its limit`() {
        #expect(text(JSONValue.text("0123456789", limit: 8).bytes()) == "\"01234…\"")
    }

    @Test func `members that are null can be left out`() {
        let value: JSONValue = ["a": .null, "b": .array([.null, ["c": .null, "d": 1]])]
        #expect(text(value.withoutNulls.bytes()) == #"{"b":[null,{"d":1}]}"#)
    }
}
