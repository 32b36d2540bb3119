import Foundation

/// A search of all memory of a process for what is secret in these tests, in every form that a program may give it.
struct MemorySearch {
    /// The word that is in all values and in the identity header, and the beginning of a token's.
    static let signs: [(name: String, bytes: [UInt8])] = {
        let word = Array(Canary.word.utf8)
        let hexadecimal = word.map { String($0, radix: 16) }
        let texts = [
            ("hexadecimal", hexadecimal.joined()), ("hexadecimal, upper case", hexadecimal.joined().uppercased()),
            ("percent-encoded", hexadecimal.map { "%" + $0 }.joined()),
            ("percent-encoded, upper case", hexadecimal.map { "%" + $0.uppercased() }.joined()),
            ("JSON escapes", hexadecimal.map { "\\u00" + $0 }.joined()),
            ("JSON escapes, upper case", hexadecimal.map { "\\u00" + $0.uppercased() }.joined()),
            // Base64 and base64url are the same for this word; where it begins makes three of it.
            ("base64", Canary.signs[3]), ("base64, one byte on", Canary.signs[4]),
            ("base64, two bytes on", Canary.signs[5]),
            ("a token, type first", "eyJ0eXAi"), ("a token, algorithm first", "eyJhbGci"),
        ]
        return [
            ("plain", word), ("reversed", word.reversed()), ("UTF-16, little-endian", word.flatMap { [$0, 0] }),
            ("UTF-16, big-endian", word.flatMap { [0, $0] }),
        ] + texts.map { ($0.0, Array($0.1.utf8)) }
    }()

    /// How many bytes could be read.
    private(set) var count = 0
    /// In which forms something was found; never what.
    private(set) var found: Set<String> = []

    /// Reads every mapping that can be read (proc(5), `/proc/PID/mem`); the kernel keeps only its own for itself.
    init(process: Int32) throws {
        let memory = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/\(process)/mem"))
        for line in try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard ends.count == 2, words[1].hasPrefix("r") else { continue }
            try memory.seek(toOffset: ends[0])
            guard let bytes = try? memory.read(upToCount: Int(ends[1] - ends[0])) else { continue }
            count += bytes.count
            found.formUnion(Self.found(in: [UInt8](bytes)))
        }
    }

    static func found(in bytes: [UInt8]) -> Set<String> {
        Set(signs.filter { contains(bytes, $0.bytes) }.map(\.name))
    }

    /// By memchr(3), since most of memory is zero and the tests are not optimized.
    private static func contains(_ bytes: [UInt8], _ sign: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { room in
            guard let start = room.baseAddress, room.count >= sign.count else { return false }
            // A zero is everywhere: the second byte is what is looked for then.
            let anchor = sign[0] == 0 ? 1 : 0
            var offset = anchor
            while offset <= room.count - sign.count + anchor,
                let hit = unsafe memchr(
                    start + offset, CInt(sign[anchor]), room.count - sign.count + anchor + 1 - offset)
            {
                let position = unsafe UnsafeRawPointer(hit) - start
                if unsafe memcmp(start + (position - anchor), sign, sign.count) == 0 { return true }
                offset = position + 1
            }
            return false
        }
    }
}
