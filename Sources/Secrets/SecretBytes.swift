/// Secret bytes with one owner: they can't be copied, printed, compared or encoded, and are wiped when the owner ends.
///
/// The bytes are lent by `withBytes` for the time of a closure.
package struct SecretBytes: ~Copyable, Sendable {
    private let memory: SecretMemory
    /// The number of bytes.
    package let count: Int

    /// Copies the bytes of a span.
    package init(copying bytes: Span<UInt8>) {
        memory = SecretMemory(capacity: bytes.count)
        memory.write(bytes, at: 0)
        count = bytes.count
    }

    /// Makes room for `count` bytes, all zero, and lets `body` fill them.
    package init<Failure: Error>(
        count: Int, filledBy body: (inout MutableSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        memory = SecretMemory(capacity: count)
        self.count = count
        try memory.withMutableBytes(count: count, body)
    }

    /// Lends the bytes for the time of `body`.
    package borrowing func withBytes<Value: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try memory.withBytes(at: 0, count: count, body)
    }
}

/// Bytes of a secret that grow as they arrive, to be frozen into `SecretBytes`: an answer's body.
package struct SecretBuffer: ~Copyable {
    private var memory: SecretMemory
    /// The number of bytes so far.
    package private(set) var count = 0

    /// An empty buffer with room for `capacity` bytes.
    package init(capacity: Int = 4096) {
        memory = SecretMemory(capacity: capacity)
    }

    /// Appends the bytes; where the room is too small, twice as much is taken and the old bytes are wiped.
    package mutating func append(_ bytes: Span<UInt8>) {
        if bytes.count > memory.capacity - count {
            let larger = SecretMemory(capacity: max(memory.capacity * 2, count + bytes.count))
            memory.withBytes(at: 0, count: count) { larger.write($0, at: 0) }
            memory = larger
        }
        memory.write(bytes, at: count)
        count += bytes.count
    }

    /// Lends the bytes so far.
    package borrowing func withBytes<Value: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try memory.withBytes(at: 0, count: count, body)
    }

    /// Ends the growing.
    package consuming func frozen() -> SecretBytes {
        SecretBytes(memory: memory, count: count)
    }
}

extension SecretBytes {
    fileprivate init(memory: SecretMemory, count: Int) {
        self.memory = memory
        self.count = count
    }
}

/// Secret bytes that several owners share by reference, never by copy: a token that goes into many requests.
package final class SharedSecret: Sendable {
    private let bytes: SecretBytes

    /// Takes the bytes over.
    package init(_ bytes: consuming SecretBytes) {
        self.bytes = bytes
    }

    /// The number of bytes.
    package var count: Int { bytes.count }

    /// Lends the bytes for the time of `body`.
    package func withBytes<Value: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try bytes.withBytes(body)
    }
}

extension SharedSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "redacted" }
    package var debugDescription: String { "redacted" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
