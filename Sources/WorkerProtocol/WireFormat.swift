/// Writes values in the one framing that supervisor and worker share: fixed-width little-endian integers, bytes and
/// strings with their length in front.
package struct WireWriter {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    package mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    package mutating func write(_ value: Int64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Int64(shift)))
        }
    }

    package mutating func write(_ value: [UInt8]) {
        write(Int64(value.count))
        bytes += value
    }

    package mutating func write(_ value: String) {
        write(Array(value.utf8))
    }

    package mutating func write<Element>(list: [Element], _ body: (inout WireWriter, Element) -> Void) {
        write(Int64(list.count))
        for element in list { body(&self, element) }
    }

    package mutating func write<Element>(optional: Element?, _ body: (inout WireWriter, Element) -> Void) {
        write(optional != nil)
        if let optional { body(&self, optional) }
    }
}

/// Why bytes are not what they should be. Readers take no byte on trust.
package struct WireError: Error, Equatable, Sendable {
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}

/// Reads what `WireWriter` wrote; every length is checked against what is there.
package struct WireReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// How many bytes are left.
    package var remaining: Int { bytes.endIndex - position }

    package mutating func readByte() throws(WireError) -> UInt8 {
        guard remaining >= 1 else { throw WireError("ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func readBool() throws(WireError) -> Bool {
        switch try readByte() {
        case 0: return false
        case 1: return true
        default: throw WireError("an invalid boolean")
        }
    }

    package mutating func readInteger() throws(WireError) -> Int64 {
        guard remaining >= 8 else { throw WireError("ends early") }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += 8
        return Int64(bitPattern: value)
    }

    /// An integer that must lie in a range.
    package mutating func readInteger(in range: ClosedRange<Int64>) throws(WireError) -> Int64 {
        let value = try readInteger()
        guard range.contains(value) else { throw WireError("a number out of its range") }
        return value
    }

    package mutating func readBytes() throws(WireError) -> [UInt8] {
        let count = try readInteger(in: 0...Int64(Int32.max))
        guard count <= remaining else { throw WireError("a length behind the end") }
        defer { position += Int(count) }
        return Array(bytes[position..<position + Int(count)])
    }

    package mutating func readString() throws(WireError) -> String {
        let bytes = try readBytes()
        guard let text = String(validating: bytes, as: UTF8.self) else { throw WireError("a text that is not UTF-8") }
        return text
    }

    package mutating func readList<Element>(
        atMost limit: Int, _ body: (inout WireReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = try readInteger(in: 0...Int64(limit))
        var list: [Element] = []
        for _ in 0..<count { list.append(try body(&self)) }
        return list
    }

    package mutating func readOptional<Element>(
        _ body: (inout WireReader) throws(WireError) -> Element
    ) throws(WireError) -> Element? {
        try readBool() ? try body(&self) : nil
    }

    /// Everything must have been read.
    package func end() throws(WireError) {
        guard remaining == 0 else { throw WireError("bytes behind the end") }
    }
}
