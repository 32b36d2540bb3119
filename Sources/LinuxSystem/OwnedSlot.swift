/// A slot for one descriptor. It closes the old descriptor when it gets a new one.
package final class OwnedSlot {
    private var descriptor: OwnedDescriptor?

    package init() {}

    /// The descriptor's number; nil for none.
    package var number: CInt? {
        descriptor?.number
    }

    package func put(_ new: consuming OwnedDescriptor) {
        descriptor = consume new
    }

    package func clear() {
        descriptor = nil
    }

    /// Hands the descriptor over.
    package func take() -> OwnedDescriptor? {
        descriptor.take()
    }

    /// Whether the descriptor is a memory file with all seals set.
    package var isSealed: Bool {
        number.map { MemoryFile.isSealed($0) } ?? false
    }

    /// Moves the descriptor of another slot here.
    package func take(from other: OwnedSlot) {
        descriptor = other.descriptor.take()
    }
}
