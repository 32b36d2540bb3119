package import LinuxSystem
package import Secrets

/// The settings for the child's environment.
package struct EnvironmentOptions: Equatable, Sendable {
    /// `--pristine`.
    package var isPristine = false
    /// `--keep-identity`.
    package var keepsIdentity = false
    /// Inherited names that must not reach the child: references that were left out.
    package var removed: Set<String> = []
    /// The bytes of the child's arguments, each with a NUL, and of the program's path.
    package var argumentBytes = 0
    package var argumentCount = 0
    package var limit = ExecLimit.current
    /// Bytes reserved for later additions: NOTIFY_SOCKET, LISTEN_FDNAMES and the like, and an interpreter's line.
    package var reserve = 4096

    package init() {}
}

/// The child's environment as the kernel expects it: raw entries, each followed by a NUL.
///
/// Inherited entries keep their bytes and their order, including duplicates and entries without `=`. A delivered
/// variable replaces the inherited one with its name, or is appended. Values are copied only to the descriptor.
package struct EnvironmentBlock: Sendable {
    private enum Piece: Sendable {
        /// Inherited bytes, including the NUL.
        case inherited(Range<Int>)
        case assignment(Int)
    }

    private let pieces: [Piece]
    private let assignments: [EnvironmentAssignment]
    /// The number of bytes.
    package let size: Int
    /// The number of entries.
    package let count: Int

    /// Composes the environment and checks it against the kernel's limits, before anything is started.
    ///
    /// `inherited`: the inherited entries, each followed by a NUL.
    package init(
        inherited: Span<UInt8>, delivering all: [EnvironmentAssignment], from secrets: borrowing SecretSet,
        options: EnvironmentOptions
    ) throws(DeliveryError) {
        let assignments = try EnvironmentAssignment.resolve(all)
        for assignment in assignments { try assignment.checkValue(in: secrets) }
        var open: [[UInt8]: Int] = [:]
        for (index, assignment) in assignments.enumerated() { open[Array(assignment.name.utf8)] = index }
        var placed: Set<Int> = []
        var pieces: [Piece] = []
        var count = 0
        var size = 0
        for entry in InheritedEntry.all(in: inherited) {
            if let name = entry.name(in: inherited) {
                if let index = open[name] {
                    // Skips a second entry with the name, because some programs would use that one.
                    if placed.insert(index).inserted { pieces.append(.assignment(index)) }
                    continue
                }
                if options.removes(String(decoding: name, as: UTF8.self)) { continue }
            } else if options.isPristine {
                continue
            }
            count += 1
            size += entry.range.count + (entry.isEnded ? 0 : 1)
            if case .inherited(let before)? = pieces.last, before.upperBound == entry.range.lowerBound {
                pieces[pieces.count - 1] = .inherited(before.lowerBound..<entry.range.upperBound)
            } else {
                pieces.append(.inherited(entry.range))
            }
        }
        pieces += assignments.indices.filter { !placed.contains($0) }.map { .assignment($0) }
        self.pieces = pieces
        self.assignments = assignments
        self.count = count + assignments.count
        self.size = size + assignments.reduce(0) { $0 + $1.name.utf8.count + $1.size + 2 }
        try checkTotal(options)
    }

    private func checkTotal(_ options: EnvironmentOptions) throws(DeliveryError) {
        let pointers = (count + max(options.argumentCount, 1)) * MemoryLayout<Int>.size
        let total = size + options.argumentBytes + pointers + options.reserve
        guard total > options.limit.total else { return }
        let largest = assignments.max { $0.size < $1.size }
        throw .environmentSize(
            bytes: total, limit: options.limit.total, largest: largest?.item, largestBytes: largest?.size ?? 0)
    }

    /// Writes the block. `inherited` and `secrets` must be those of the initializer.
    package func write(
        to descriptor: borrowing OwnedDescriptor, inherited: Span<UInt8>, from secrets: borrowing SecretSet
    ) throws(DeliveryError) {
        do throws(SystemError) {
            for piece in pieces {
                switch piece {
                case .inherited(let range):
                    try descriptor.write(inherited.extracting(range))
                    if inherited[range.upperBound - 1] != 0 { try descriptor.write([0].span) }
                case .assignment(let index):
                    try write(assignments[index], to: descriptor, from: secrets)
                }
            }
        } catch {
            throw .system(error)
        }
    }

    private func write(
        _ assignment: EnvironmentAssignment, to descriptor: borrowing OwnedDescriptor, from secrets: borrowing SecretSet
    ) throws(SystemError) {
        try descriptor.write(Array((assignment.name + "=").utf8).span)
        switch assignment.value {
        case .secret(let slot):
            try secrets.withBytes(of: slot) { bytes throws(SystemError) in try descriptor.write(bytes) }
            try descriptor.write([0].span)
        case .text(let text):
            try descriptor.write((Array(text.utf8) + [0]).span)
        case .bytes(let bytes):
            try descriptor.write((bytes + [0]).span)
        }
    }
}

extension EnvironmentOptions {
    /// Whether an inherited variable of this name is left out.
    fileprivate func removes(_ name: String) -> Bool {
        removed.contains(name) || (isPristine && !VariableName.isPristine(name))
            || (!keepsIdentity && VariableName.isIdentity(name))
    }
}

extension EnvironmentAssignment {
    /// Throws for a value with a NUL, or over the limit for one string.
    fileprivate func checkValue(in secrets: borrowing SecretSet) throws(DeliveryError) {
        let hasNull =
            switch value {
            case .secret(let slot):
                secrets.withBytes(of: slot) { bytes in bytes.indices.contains { bytes[$0] == 0 } }
            case .text(let text): text.utf8.contains(0)
            case .bytes(let bytes): bytes.contains(0)
            }
        if hasNull { throw .null(item) }
        let bytes = name.utf8.count + 1 + size
        if bytes > ExecLimit.string { throw .stringSize(item, bytes: bytes, limit: ExecLimit.string) }
    }
}

/// One entry of a raw environment.
private struct InheritedEntry {
    /// The entry's bytes, including the NUL if there is one.
    let range: Range<Int>
    /// Whether it ends with a NUL.
    let isEnded: Bool
    /// The position of the first `=`; nil if there is none.
    let nameEnd: Int?

    /// The bytes before the first `=`; nil if there is none.
    func name(in bytes: Span<UInt8>) -> [UInt8]? {
        nameEnd.map { end in (range.lowerBound..<end).map { bytes[$0] } }
    }

    static func all(in bytes: Span<UInt8>) -> [InheritedEntry] {
        var entries: [InheritedEntry] = []
        var start = 0
        var nameEnd: Int?
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: "="), nameEnd == nil { nameEnd = index }
            guard bytes[index] == 0 else { continue }
            entries.append(InheritedEntry(range: start..<index + 1, isEnded: true, nameEnd: nameEnd))
            start = index + 1
            nameEnd = nil
        }
        if start < bytes.count {
            entries.append(InheritedEntry(range: start..<bytes.count, isEnded: false, nameEnd: nameEnd))
        }
        return entries
    }
}
