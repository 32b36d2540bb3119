/// A place in a text, counted from 1, in characters as editors count them.
struct TextLocation: Equatable, Comparable, Sendable {
    let line: Int
    let column: Int

    static func < (left: TextLocation, right: TextLocation) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A text by lines and columns.
struct TextLocations {
    let text: [UInt8]
    private let lineStarts: [Int]

    init(_ text: [UInt8]) {
        self.text = text
        // A byte order mark does not count as a character of the first line.
        let start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        lineStarts = [start] + text.indices.filter { text[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    }

    subscript(offset: Int) -> TextLocation {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let start = lineStarts[low]
        // Continuation bytes of UTF-8 don't begin a character.
        let column = text[start..<max(start, min(offset, text.count))].count { $0 & 0xC0 != 0x80 }
        return TextLocation(line: low + 1, column: column + 1)
    }

    /// The line's bytes, without its end; empty after the last line.
    func line(_ number: Int) -> ArraySlice<UInt8> {
        guard number >= 1, number <= lineStarts.count else { return text[text.endIndex...] }
        let start = lineStarts[number - 1]
        return text[start...].prefix { $0 != UInt8(ascii: "\n") }
    }

    /// The offset of a source location; if the location is past the line's end, the offset of the end.
    func offset(of location: TextLocation) -> Int {
        let line = line(location.line)
        var column = 0
        for offset in line.indices where text[offset] & 0xC0 != 0x80 {
            column += 1
            if column == location.column { return offset }
        }
        return line.endIndex
    }
}
