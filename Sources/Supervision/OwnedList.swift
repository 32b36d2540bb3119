import LinuxSystem

/// Descriptors that came with a message. Those that nobody takes are closed.
struct OwnedList {
    private var slots: [OwnedSlot] = []

    init(_ numbers: [CInt]) {
        add(numbers)
    }

    mutating func add(_ numbers: [CInt]) {
        slots += numbers.map { number in
            let slot = OwnedSlot()
            slot.put(OwnedDescriptor(owning: number))
            return slot
        }
    }

    var count: Int { slots.count }

    /// Gives the descriptors to the caller, who owns them from here on.
    func takeAll() -> [CInt] {
        slots.compactMap { slot in
            guard let descriptor = slot.take() else { return nil }
            return descriptor.release()
        }
    }
}
