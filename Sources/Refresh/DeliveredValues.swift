package import LaunchConfiguration
import LinuxSystem
package import Secrets
package import SecretsDirectory

/// The last delivery, from which the next one takes the bytes of unchanged values. No value is kept anywhere else
/// between two workers.
package final class DeliveredValues {
    private let block: SecretBytes?
    /// The range of each variable's value in the block.
    private var values: [[UInt8]: Range<Int>] = [:]
    private let files: CurrentGeneration?

    /// `environment`: the child's sealed environment block; `secrets`: the directory that holds the files.
    package init(environment: CInt?, secrets: SecretsDirectory?) {
        files = secrets?.current()
        block = environment.flatMap { try? Self.contents(of: $0) }
        block?.withBytes { bytes in values = Self.values(in: bytes) }
    }

    /// The names of all variables, sorted.
    var variables: [String] { values.keys.map { String(decoding: $0, as: UTF8.self) }.sorted() }

    /// The names of the variables that differ between two environment blocks, sorted; empty if one of them can't be
    /// read.
    static func changedVariables(from earlier: CInt, to later: CInt) -> [String] {
        guard let old = try? contents(of: earlier), let new = try? contents(of: later) else { return [] }
        return old.withBytes { old in
            new.withBytes { new in
                let (before, after) = (values(in: old), values(in: new))
                return Set(before.keys).union(after.keys).filter { name in
                    guard let one = before[name], let other = after[name], one.count == other.count else { return true }
                    return zip(one, other).contains { old[$0] != new[$1] }
                }.map { String(decoding: $0, as: UTF8.self) }.sorted()
            }
        }
    }

    private static func contents(of number: CInt) throws(SystemError) -> SecretBytes {
        let file = try OwnedDescriptor(duplicating: number)
        return try read(file, count: MemoryFile.size(of: file))
    }

    private static func read(_ file: borrowing OwnedDescriptor, count: Int) throws(SystemError) -> SecretBytes {
        try SecretBytes(count: count) { room throws(SystemError) in
            guard try file.read(into: &room, at: 0) else { throw SystemError(call: "pread", code: 5) }
        }
    }

    private static func values(in block: Span<UInt8>) -> [[UInt8]: Range<Int>] {
        var values: [[UInt8]: Range<Int>] = [:]
        var name: [UInt8] = []
        var start: Int?
        for index in block.indices {
            switch (block[index], start) {
            case (0, let first):
                if let first { values[name] = values[name] ?? first..<index }
                name.removeAll(keepingCapacity: true)
                start = nil
            case (UInt8(ascii: "="), nil): start = index + 1
            case (let byte, nil): name.append(byte)
            default: break
            }
        }
        return values
    }

    /// Copies a target's last value into a set; nil if it can't be read.
    package func append(_ target: DeliveryTarget, to set: inout SecretSet) -> SecretSet.Slot? {
        switch target {
        case .variable(let name):
            guard let range = values[Array(name.utf8)] else { return nil }
            return block?.withBytes { set.append($0.extracting(range)) }
        case .file(let path):
            guard let file = files?.open(path), let size = try? file.status().size,
                let bytes = try? Self.read(file, count: Int(size))
            else { return nil }
            return bytes.withBytes { set.append($0) }
        }
    }
}
