/// Where the keys and values of a TOML document stand (toml.io, v1.0.0).
///
/// The parser that reads the values tells no places, and returns keys sorted. This outline knows both, by following
/// the document's structure only: it takes for granted that the parser has accepted it, and stops quietly at what it
/// does not understand.
final class TOMLOutline {
    /// Where the key begins; the document's own is 0.
    let key: Int
    /// Where the value begins, or the header that made the table.
    fileprivate(set) var value: Int
    /// The members of a table.
    private(set) var members: [String: TOMLOutline] = [:]
    /// The elements of an array.
    fileprivate(set) var elements: [TOMLOutline] = []
    /// Whether it was given a value or a header, and is not only on the way to another key.
    fileprivate var isDefined = false

    fileprivate init(key: Int, value: Int) {
        self.key = key
        self.value = value
    }

    fileprivate func member(_ name: String, at offset: Int) -> TOMLOutline {
        if let known = members[name] { return known }
        let new = TOMLOutline(key: offset, value: offset)
        members[name] = new
        return new
    }
}

/// Follows a document from its start to its end.
struct TOMLScanner {
    /// A key that is given twice.
    struct Duplicate {
        let path: [String]
        let first: Int
        let second: Int
    }

    private let text: [UInt8]
    private var position = 0
    private var depth = 0
    private(set) var duplicates: [Duplicate] = []
    /// Where a string holds a NUL, which the parser would cut it at.
    private(set) var nul: Int?
    /// The first thing that no configuration has, and that the parser would abort at: it takes for granted that a
    /// table's name begins as one, and that a date is whole.
    private(set) var fault: (offset: Int, reason: String)?
    let root = TOMLOutline(key: 0, value: 0)

    /// The parser's own limit is 256.
    private static let deepest = 300

    init(_ text: [UInt8]) {
        self.text = text
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        var table = root
        while true {
            skipSpace(withNewlines: true)
            guard position < text.count else { return }
            if peek == UInt8(ascii: "[") {
                guard let next = header() else { return }
                table = next
            } else {
                guard assignment(in: table) else { return }
            }
            skipLine()
        }
    }

    // MARK: lines

    /// `[a.b]` or `[[a.b]]`: the table that the following keys belong to.
    private mutating func header() -> TOMLOutline? {
        let start = position
        position += 1
        let isArray = peek == UInt8(ascii: "[")
        if isArray { position += 1 }
        skipSpace()
        if let byte = peek, !Self.beginsKey(byte), byte != UInt8(ascii: "]") {
            fault = (position, "a table's name is missing: write [name] or [\"name\"]")
            return nil
        }
        guard let keys = keyPath(), let last = keys.last else { return nil }
        var table = root
        for key in keys.dropLast() {
            let next = table.member(key.name, at: key.offset)
            table = next.elements.last ?? next
        }
        let target = table.member(last.name, at: last.offset)
        guard isArray else {
            if target.isDefined { note(keys, target, at: last.offset) }
            target.isDefined = true
            target.value = start
            return target
        }
        let element = TOMLOutline(key: start, value: start)
        target.elements.append(element)
        return element
    }

    /// `a.b = value`.
    private mutating func assignment(in table: TOMLOutline) -> Bool {
        guard let keys = keyPath(), let last = keys.last else { return false }
        var table = table
        for key in keys.dropLast() { table = table.member(key.name, at: key.offset) }
        guard peek == UInt8(ascii: "=") else { return false }
        position += 1
        skipSpace()
        let target = table.member(last.name, at: last.offset)
        if target.isDefined { note(keys, target, at: last.offset) }
        target.isDefined = true
        target.value = position
        return value(into: target)
    }

    private mutating func note(_ keys: [(name: String, offset: Int)], _ first: TOMLOutline, at second: Int) {
        duplicates.append(Duplicate(path: keys.map(\.name), first: first.key, second: second))
    }

    private mutating func keyPath() -> [(name: String, offset: Int)]? {
        var keys: [(name: String, offset: Int)] = []
        while true {
            let offset = position
            guard let name = key() else { return nil }
            keys.append((name, offset))
            skipSpace()
            guard peek == UInt8(ascii: ".") else { return keys }
            position += 1
            skipSpace()
        }
    }

    private mutating func key() -> String? {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return string() }
        let start = position
        while let byte = peek, !" \t\r\n=.]\"'#,}[{".utf8.contains(byte) { position += 1 }
        return start == position ? nil : String(decoding: text[start..<position], as: UTF8.self)
    }

    /// Whether a key can begin with the byte (TOML 1.0.0, Keys).
    private static func beginsKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\""),
            UInt8(ascii: "'"):
            true
        default: false
        }
    }

    // MARK: values

    private mutating func value(into target: TOMLOutline) -> Bool {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest, let first = peek else { return false }
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return string() != nil
        case UInt8(ascii: "["): return array(into: target)
        case UInt8(ascii: "{"): return inlineTable(into: target)
        default:
            let start = position
            while let byte = peek, !" \t\r\n,]}#".utf8.contains(byte) { position += 1 }
            guard start == position || Self.isPlain(text[start..<position]) else {
                fault = (start, "a value is a string in quotes, a number, true or false")
                return false
            }
            return true
        }
    }

    /// Whether a word is a boolean or can be a decimal number: no date, which has a hyphen behind its first digits.
    private static func isPlain(_ word: ArraySlice<UInt8>) -> Bool {
        if word.elementsEqual("true".utf8) || word.elementsEqual("false".utf8) { return true }
        var last: UInt8?
        for byte in word {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                break
            case UInt8(ascii: "+"), UInt8(ascii: "-"):
                guard last == nil || last == UInt8(ascii: "e") || last == UInt8(ascii: "E") else { return false }
            default: return false
            }
            last = byte
        }
        return true
    }

    private mutating func array(into target: TOMLOutline) -> Bool {
        position += 1
        while true {
            skipSpace(withNewlines: true)
            if peek == UInt8(ascii: "]") { break }
            let element = TOMLOutline(key: position, value: position)
            guard value(into: element) else { return false }
            target.elements.append(element)
            guard skip(to: [UInt8(ascii: ","), UInt8(ascii: "]")]) else { return false }
            if peek == UInt8(ascii: "]") { break }
            position += 1
        }
        position += 1
        return true
    }

    private mutating func inlineTable(into target: TOMLOutline) -> Bool {
        position += 1
        while true {
            skipSpace(withNewlines: true)
            if peek == UInt8(ascii: "}") { break }
            guard assignment(in: target), skip(to: [UInt8(ascii: ","), UInt8(ascii: "}")]) else { return false }
            if peek == UInt8(ascii: "}") { break }
            position += 1
        }
        position += 1
        return true
    }

    /// Reads any of the four kinds of string, and returns its text.
    private mutating func string() -> String? {
        guard let quote = peek else { return nil }
        let isMultiline = text[position...].starts(with: [quote, quote, quote])
        position += isMultiline ? 3 : 1
        var bytes: [UInt8] = []
        while let byte = peek {
            if byte == quote, !isMultiline || text[position...].starts(with: [quote, quote, quote]) {
                position += isMultiline ? 3 : 1
                // Up to two quotes may stand before the three that close.
                while isMultiline, peek == quote { position += 1 }
                return String(decoding: bytes, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                bytes += escape()
            } else {
                bytes.append(byte)
                position += 1
            }
        }
        return nil
    }

    private mutating func escape() -> [UInt8] {
        let start = position
        position += 2
        let letter = start + 1 < text.count ? text[start + 1] : 0
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9, UInt8(ascii: "n"): 10, UInt8(ascii: "f"): 12,
            UInt8(ascii: "r"): 13, UInt8(ascii: "e"): 27,
        ]
        let digits =
            switch letter {
            case UInt8(ascii: "x"): 2
            case UInt8(ascii: "u"): 4
            case UInt8(ascii: "U"): 8
            default: 0
            }
        if digits == 0 { return [simple[letter] ?? letter] }
        let end = min(position + digits, text.count)
        let number = UInt32(String(decoding: text[position..<end], as: UTF8.self), radix: 16)
        position = end
        guard let number, let scalar = Unicode.Scalar(number) else { return [] }
        if number == 0, nul == nil { nul = start }
        return Array(String(scalar).utf8)
    }

    // MARK: the space between

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipSpace(withNewlines: Bool = false) {
        while let byte = peek {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): position += 1
            case UInt8(ascii: "\r") where withNewlines, UInt8(ascii: "\n") where withNewlines: position += 1
            case UInt8(ascii: "#") where withNewlines: skipLine()
            default: return
            }
        }
    }

    private mutating func skipLine() {
        while let byte = peek, byte != UInt8(ascii: "\n") { position += 1 }
    }

    /// Goes on to one of the bytes, over spaces and comments.
    private mutating func skip(to ends: [UInt8]) -> Bool {
        while let byte = peek, !ends.contains(byte) {
            if byte == UInt8(ascii: "#") { skipLine() } else { position += 1 }
        }
        return peek != nil
    }
}
