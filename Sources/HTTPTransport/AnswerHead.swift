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

    /// The headers after the last status line: those of an interim answer (1xx) or of a proxy are dropped.
    private(set) var headers = HTTPHeaders()
    /// The length of the body that the headers announce.
    private(set) var contentLength: Int?
    private var bytes = 0
    private var ended = false
    /// Set with the first bytes of a body.
    var bodyBegan = false

    /// Takes one line with its line end. Ignores trailers after the body.
    ///
    /// Works on bytes only, because each of hundreds of answers has 15 lines.
    mutating func take(_ line: Span<UInt8>) -> Refusal? {
        bytes += line.count
        guard bytes <= Self.mostBytes else { return .tooLarge }
        if bodyBegan { return nil }
        let end = line.endWithoutLineEnd
        if line.beginsStatusLine {
            headers = HTTPHeaders()
            contentLength = nil
            ended = false
            return nil
        }
        if ended { return nil }
        if end == 0 {
            ended = true
            return nil
        }
        guard headers.fields.count < Self.mostFields else { return .tooLarge }
        guard let colon = line.firstColon(before: end), colon > 0, !line[0].isBlank
        else { return .malformed("a header line without a name") }
        var (first, last) = (colon + 1, end)
        while first < last, line[first].isBlank { first += 1 }
        while first < last, line[last - 1].isBlank { last -= 1 }
        return add(name: line.text(in: 0..<colon), value: line.text(in: first..<last))
    }

    private mutating func add(name: String, value: String) -> Refusal? {
        headers.append(name: name, value: value)
        if name.isHeader("content-length") { contentLength = Int(value) }
        if name.isHeader("transfer-encoding"), !value.isHeader("chunked") {
            // curl would decode it, although we did not ask for it.
            return .malformed("a transfer encoding that was not asked for")
        }
        return nil
    }
}

extension Span<UInt8> {
    fileprivate var endWithoutLineEnd: Int {
        var end = count
        while end > 0, self[end - 1] == 0x0A || self[end - 1] == 0x0D { end -= 1 }
        return end
    }

    fileprivate var beginsStatusLine: Bool {
        count >= 5 && self[0] == UInt8(ascii: "H") && self[1] == UInt8(ascii: "T") && self[2] == UInt8(ascii: "T")
            && self[3] == UInt8(ascii: "P") && self[4] == UInt8(ascii: "/")
    }

    fileprivate func firstColon(before end: Int) -> Int? {
        for index in 0..<end where self[index] == UInt8(ascii: ":") { return index }
        return nil
    }

    fileprivate func text(in range: Range<Int>) -> String {
        unsafe extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension UInt8 {
    /// A space or a tab.
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 }
    fileprivate var isLowerLetter: Bool { (0x61...0x7A).contains(self) }
}

extension String {
    /// Whether both are equal except for the case of ASCII letters, like names of header fields (RFC 9110, 5.1).
    func isHeader(_ name: String) -> Bool {
        guard utf8.count == name.utf8.count else { return false }
        return zip(utf8, name.utf8).allSatisfy { ($0 ^ $1) & ~0x20 == 0 && ($0 == $1 || ($0 | 0x20).isLowerLetter) }
    }
}
