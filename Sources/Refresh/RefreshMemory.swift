import Cryptography
package import WorkerProtocol

/// What one worker leaves for the next: versions and keyed digests, no value and nothing that a value could be told from.
package struct RefreshMemory: Equatable, Sendable {
    /// The key of the digests: random, of this run.
    package var key: [UInt8]
    /// The digest of the child's environment block.
    package var environmentDigest: [UInt8] = []
    /// The number of deliveries that changed something.
    package var generation: Int64 = 0
    /// The version of every delivered object, by its URL.
    package var versions: [String: String] = [:]
    /// The objects' versions of a set that the app failed with: it is not delivered again.
    package var refusedVersions: [String: String]?
    /// The versions before the newest delivery: what a rollback returns to.
    package var previousVersions: [String: String] = [:]
    package var previousEnvironmentDigest: [UInt8] = []
    /// When each expiry was last warned of: the day's number, by the object's URL.
    package var warnedDays: [String: Int64] = [:]
    /// Requests so far, by endpoint and status.
    package var requests: [String: Int64] = [:]

    /// The settings that the run holds from its start, as whoever parses them wrote them down.
    package var held: [UInt8] = []

    package init(key: [UInt8]) {
        self.key = key
    }

    /// The memory as bytes.
    package var encoded: [UInt8] {
        var writer = WireWriter()
        writer.write(workerProtocolVersion)
        writer.write(key)
        writer.write(environmentDigest)
        writer.write(generation)
        writer.write(texts: versions)
        writer.write(optional: refusedVersions) { $0.write(texts: $1) }
        writer.write(texts: previousVersions)
        writer.write(previousEnvironmentDigest)
        writer.write(numbers: warnedDays)
        writer.write(numbers: requests)
        writer.write(held)
        return writer.bytes
    }

    /// Reads what an earlier worker left.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes[...])
        guard try reader.readByte() == workerProtocolVersion else { throw WireError("a memory of another version") }
        key = try reader.readBytes()
        environmentDigest = try reader.readBytes()
        generation = try reader.readInteger()
        versions = try reader.readTexts()
        refusedVersions = try reader.readOptional { reader throws(WireError) in try reader.readTexts() }
        previousVersions = try reader.readTexts()
        previousEnvironmentDigest = try reader.readBytes()
        warnedDays = try reader.readNumbers()
        requests = try reader.readNumbers()
        held = try reader.readBytes()
        try reader.end()
    }
}

extension WireWriter {
    fileprivate mutating func write(texts: [String: String]) {
        write(list: texts.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            writer.write(pair.value)
        }
    }

    fileprivate mutating func write(numbers: [String: Int64]) {
        write(list: numbers.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            writer.write(pair.value)
        }
    }
}

extension WireReader {
    fileprivate mutating func readTexts() throws(WireError) -> [String: String] {
        let pairs = try readList(atMost: 100_000) { reader throws(WireError) in
            (try reader.readString(), try reader.readString())
        }
        return Dictionary(pairs) { $1 }
    }

    fileprivate mutating func readNumbers() throws(WireError) -> [String: Int64] {
        let pairs = try readList(atMost: 100_000) { reader throws(WireError) in
            (try reader.readString(), try reader.readInteger())
        }
        return Dictionary(pairs) { $1 }
    }
}
