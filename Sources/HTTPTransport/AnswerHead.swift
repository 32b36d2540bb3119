/// The status and headers of an answer as they arrive, line by line, with caps.
struct AnswerHead {
    /// Azure's answers have some 15 headers, 1 kB in all.
    static let mostFields = 200
    static let mostBytes = 64 * 1024

    /// Why a line ends the exchange.
    enum Refusal: Equatable {
        case tooLarge
        case malformed(String)
    }

    /// The headers of the last status line: what an interim answer (1xx) or a proxy said is gone.
    private(set) var headers = HTTPHeaders()
    /// The bytes of a body that the headers announce.
    private(set) var contentLength: Int?
    private var bytes = 0
    private var ended = false
    /// Set with the first bytes of a body.
    var bodyBegan = false

    /// Takes one line with its line end; trailers behind the body are passed over.
    mutating func take(_ line: Span<UInt8>) -> Refusal? {
        bytes += line.count
        guard bytes <= Self.mostBytes else { return .tooLarge }
        let text = line.textWithoutLineEnd
        if bodyBegan { return nil }
        if text.hasPrefix("HTTP/") {
            headers = HTTPHeaders()
            contentLength = nil
            ended = false
            return nil
        }
        if ended { return nil }
        if text.isEmpty {
            ended = true
            return nil
        }
        guard headers.fields.count < Self.mostFields else { return .tooLarge }
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex, text.first != " ", text.first != "\t"
        else { return .malformed("a header line without a name") }
        return add(name: String(text[..<colon]), value: text[text.index(after: colon)...].trimmedOfBlanks)
    }

    private mutating func add(name: String, value: String) -> Refusal? {
        headers.append(name: name, value: value)
        switch name.lowercased() {
        case "content-length":
            contentLength = Int(value)
        case "transfer-encoding" where value.lowercased() != "chunked":
            // It would be decoded though nobody asked for it.
            return .malformed("a transfer encoding that was not asked for")
        default:
            break
        }
        return nil
    }
}

extension Span<UInt8> {
    fileprivate var textWithoutLineEnd: String {
        var end = count
        while end > 0, self[end - 1] == 0x0A || self[end - 1] == 0x0D { end -= 1 }
        return String(decoding: (0..<end).map { self[$0] }, as: UTF8.self)
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at both ends.
    var trimmedOfBlanks: String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(drop(while: blank).reversed().drop(while: blank).reversed())
    }
}
