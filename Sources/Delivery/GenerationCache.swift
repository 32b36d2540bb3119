package import LinuxSystem
import Messages
package import Secrets
package import SecretsDirectory

/// A cached generation, for a start without identity or vault (`--cache memory`).
///
/// The file: a line with the header's length, the header as JSON (names and lengths), then the caller's notes and all
/// values in sequence. Latchkey writes the file itself, but reads it as if an enemy had written it.
package struct GenerationCache: ~Copyable {
    package let generation: Generation
    package let secrets: SecretSet
    /// When it was delivered, by `CLOCK_BOOTTIME`.
    package let deliveredAt: BootInstant
    /// The caller's notes: versions, no values.
    package let notes: [UInt8]

    /// The values alone.
    package consuming func takeSecrets() -> SecretSet { secrets }

    /// The limit of a cached generation in bytes.
    package static let sizeLimit = 64 << 20
    private static let mark = "latchkey-generation-2 "

    /// Caches a generation in a run's directories.
    package static func write(
        _ generation: Generation, from secrets: borrowing SecretSet, at deliveredAt: BootInstant, notes: [UInt8],
        to directories: DeliveryDirectories
    ) throws(GenerationError) {
        let json = Header(generation, deliveredAt, notes: notes.count).json.bytes()
        let start = Array("\(mark)\(json.count)\n".utf8) + json + notes
        try directories.writeCache { file throws(SystemError) in
            try file.write(start.span)
            for slot in generation.slots {
                try secrets.withBytes(of: slot) { bytes throws(SystemError) in try file.write(bytes) }
            }
        }
    }

    /// Reads the cache in a run's directories; nil if there is none.
    package static func read(from directories: DeliveryDirectories) throws(DeliveryError) -> GenerationCache? {
        guard let file = directories.openCache() else { return nil }
        do throws(SystemError) {
            let size = Int(try file.status().size)
            guard size <= sizeLimit, let (header, start) = try readHeader(file), header.deliveredAt >= 0
            else { throw damaged }
            var rest = size - start
            for length in header.lengths {
                guard length >= 0, length <= rest else { throw damaged }
                rest -= length
            }
            guard rest == 0 else { throw damaged }
            var secrets = SecretSet()
            let notes = try readBytes(file, start, header.notes)
            var position = start + header.notes
            var slots: [SecretSet.Slot] = []
            for length in header.lengths.dropFirst() {
                let bytes = try SecretBytes(count: length) { room throws(SystemError) in
                    guard try file.read(into: &room, at: position) else { throw damaged }
                }
                slots.append(bytes.withBytes { secrets.append($0) })
                position += length
            }
            return GenerationCache(
                generation: header.generation(slots), secrets: secrets,
                deliveredAt: BootInstant(nanoseconds: header.deliveredAt), notes: notes)
        } catch {
            throw error == damaged ? .cache("it is damaged") : .system(error)
        }
    }

    private static var damaged: SystemError { SystemError(call: "read", code: 74) }

    private static func readHeader(_ file: borrowing OwnedDescriptor) throws(SystemError) -> (Header, Int)? {
        let markLength = mark.utf8.count
        var first = [UInt8](repeating: 0, count: markLength + 12)
        var room = first.mutableSpan
        guard try file.read(into: &room, at: 0), first.starts(with: mark.utf8),
            let end = first.firstIndex(of: UInt8(ascii: "\n")),
            let length = Int(String(decoding: first[markLength..<end], as: UTF8.self)), 0..<sizeLimit ~= length
        else { return nil }
        let json = try readBytes(file, end + 1, length)
        return (try? Header(json.span)).map { ($0, end + 1 + length) }
    }

    /// The parts that are not secret.
    private static func readBytes(
        _ file: borrowing OwnedDescriptor, _ position: Int, _ count: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var room = bytes.mutableSpan
        guard try file.read(into: &room, at: position) else { throw damaged }
        return bytes
    }
}

/// The names and lengths of a cached generation.
private struct Header {
    struct File {
        var path: String
        var mode: UInt32?
        var count: Int
    }

    struct Variable {
        var name: String
        var origin: Int
        var location: String
        var secret: String?
        var vault: String?
        /// A value that is not secret; nil if the value follows the header.
        var text: String?
        var count: Int
    }

    var deliveredAt: Int64
    /// The length of the caller's notes.
    var notes: Int
    var files: [File]
    var variables: [Variable]

    init(_ generation: Generation, _ deliveredAt: BootInstant, notes: Int) {
        self.deliveredAt = deliveredAt.nanoseconds
        self.notes = notes
        files = generation.files.map { File(path: $0.path, mode: $0.mode, count: $0.content.count) }
        variables = generation.environment.map { assignment in
            var text: String?
            if case .text(let own) = assignment.value { text = own }
            return Variable(
                name: assignment.name, origin: assignment.origin.rawValue, location: assignment.location,
                secret: assignment.secret, vault: assignment.vault, text: text, count: text == nil ? assignment.size : 0
            )
        }
    }

    /// The lengths of the parts after the header: notes, files, variables.
    var lengths: [Int] { [notes] + files.map(\.count) + variables.map { $0.text == nil ? $0.count : 0 } }

    /// `slots`: the files' first, then the variables'.
    func generation(_ slots: [SecretSet.Slot]) -> Generation {
        Generation(
            files: zip(files, slots).map { .init(path: $0.path, content: $1, mode: $0.mode) },
            environment: zip(variables, slots.dropFirst(files.count)).map { variable, slot in
                EnvironmentAssignment(
                    name: variable.name, value: variable.text.map { .text($0) } ?? .secret(slot),
                    origin: .init(rawValue: variable.origin) ?? .configuration, location: variable.location,
                    secret: variable.secret, vault: variable.vault)
            })
    }
}

// MARK: the header's JSON

extension Header {
    var json: JSONValue {
        [
            "deliveredAt": .integer(deliveredAt), "notes": .integer(Int64(notes)),
            "files": .array(files.map(\.json)), "variables": .array(variables.map(\.json)),
        ]
    }

    init(_ text: Span<UInt8>) throws(JSONFault) {
        let root = try JSONReader.object(text)
        deliveredAt = try root.requiredInteger("deliveredAt", in: text)
        notes = try root.requiredInteger("notes", in: text)
        files = []
        for node in try root.elements("files", in: text) { files.append(try File(node, in: text)) }
        variables = []
        for node in try root.elements("variables", in: text) { variables.append(try Variable(node, in: text)) }
    }
}

extension Header.File {
    var json: JSONValue {
        ["path": .text(path), "mode": mode.map { .integer(Int64($0)) } ?? .null, "count": .integer(Int64(count))]
    }

    init(_ node: JSONNode, in text: Span<UInt8>) throws(JSONFault) {
        path = try node.requiredText("path", in: text)
        mode = try node.integer("mode", in: text)
        count = try node.requiredInteger("count", in: text)
    }
}

extension Header.Variable {
    var json: JSONValue {
        [
            "name": .text(name), "origin": .integer(Int64(origin)), "location": .text(location),
            "secret": JSONValue(secret),
            "vault": JSONValue(vault), "text": JSONValue(text), "count": .integer(Int64(count)),
        ]
    }

    init(_ node: JSONNode, in text: Span<UInt8>) throws(JSONFault) {
        name = try node.requiredText("name", in: text)
        origin = try node.requiredInteger("origin", in: text)
        location = try node.requiredText("location", in: text)
        secret = try node.text("secret", in: text)
        vault = try node.text("vault", in: text)
        self.text = try node.text("text", in: text)
        count = try node.requiredInteger("count", in: text)
    }
}

extension Generation {
    /// The values in the order in which they are stored.
    fileprivate var slots: [SecretSet.Slot] {
        files.map(\.content)
            + environment.compactMap { assignment in
                if case .secret(let slot) = assignment.value { slot } else { nil }
            }
    }
}
