/// Many secrets in one arena: appended once, lent by slot, excluded from core dumps, wiped together at the end.
package struct SecretSet: ~Copyable {
    /// Where one secret lies; valid for the set that gave it out.
    package struct Slot: Hashable, Sendable {
        let chunk: Int
        let offset: Int
        /// The number of bytes.
        package let count: Int
    }

    private var chunks: [SecretMemory] = []
    private var used = 0
    private static let chunkSize = 256 * 1024

    package init() {}

    /// Copies the bytes in and says where they lie.
    package mutating func append(_ bytes: Span<UInt8>) -> Slot {
        if chunks.last.map({ $0.capacity - used < bytes.count }) ?? true {
            chunks.append(SecretMemory(capacity: max(bytes.count, Self.chunkSize)))
            used = 0
        }
        let slot = Slot(chunk: chunks.count - 1, offset: used, count: bytes.count)
        chunks[slot.chunk].write(bytes, at: used)
        used += bytes.count
        return slot
    }

    /// Lends one secret's bytes for the time of `body`.
    package borrowing func withBytes<Value: ~Copyable, Failure: Error>(
        of slot: Slot, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try chunks[slot.chunk].withBytes(at: slot.offset, count: slot.count, body)
    }
}
