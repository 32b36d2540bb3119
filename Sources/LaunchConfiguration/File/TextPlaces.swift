/// A place in a text, counted from 1, in characters as editors count them.
struct TextPlace: Equatable, Sendable {
    let line: Int
    let column: Int
}

/// Turns offsets into lines and columns.
struct TextPlaces {
    private let text: [UInt8]
    private let lineStarts: [Int]

    init(_ text: [UInt8]) {
        self.text = text
        lineStarts = [0] + text.indices.filter { text[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    }

    subscript(offset: Int) -> TextPlace {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        // Continuation bytes of UTF-8 begin no character.
        let column = text[lineStarts[low]..<min(offset, text.count)].count { $0 & 0xC0 != 0x80 }
        return TextPlace(line: low + 1, column: column + 1)
    }
}
