import Messages
import Secrets

/// What a refusal says, in those parts that may be looked at.
struct ErrorAnswer {
    /// The error's own short word, where it is one of letters and underscores: anything else may be an id.
    let word: String?
    /// The number behind `AADSTS`.
    let entraCode: Int?
    /// Whether it is a JSON object.
    let isJSON: Bool
    private let text: String

    /// Whether it is a page for people.
    var isPage: Bool { text.drop { $0.isWhitespace }.hasPrefix("<") }

    init(_ body: borrowing SecretBytes) {
        let parsed = body.withBytes { text in
            (try? JSONReader.object(text)).map { Parsed($0, in: text) }
        }
        isJSON = parsed != nil
        word = parsed?.word.flatMap { word in
            (1...40).contains(word.utf8.count) && word.allSatisfy { $0.isASCII && ($0.isLetter || $0 == "_") }
                ? word : nil
        }
        text =
            parsed?.text
            ?? body.withBytes { bytes in
                String(decoding: (0..<min(bytes.count, 4096)).map { bytes[$0] }, as: UTF8.self)
            }
        entraCode = parsed?.code ?? Self.entraCode(in: text)
    }

    /// Whether the error's text holds a phrase, without regard to case.
    func mentions(_ phrase: String) -> Bool {
        text.lowercased().contains(phrase)
    }

    /// The number behind the first `AADSTS` of a text.
    static func entraCode(in text: String) -> Int? {
        guard let mark = text.firstRange(of: "AADSTS") else { return nil }
        return Int(text[mark.upperBound...].prefix { $0.isASCII && $0.isNumber }.prefix(9))
    }

    /// OAuth errors (`error` is a word), Service Fabric's (`error` is an object), App Service's (`message`, or
    /// `Message` in the older version).
    private struct Parsed {
        var word: String?
        var text: String
        var code: Int?

        init(_ root: JSONNode, in text: Span<UInt8>) {
            let error = root.members(named: "error", in: text).last
            word = error?.lenientText("code", in: text) ?? error?.string(in: text)
            if case .array(let codes) = root.members(named: "error_codes", in: text).last?.kind {
                code = codes.first?.integer(in: text).flatMap { Int(exactly: $0) }
            }
            let texts = ["error_description", "message", "Message"].map { root.lenientText($0, in: text) }
            self.text = ([word, error?.lenientText("message", in: text)] + texts).compactMap(\.self)
                .joined(separator: " ")
        }
    }
}
