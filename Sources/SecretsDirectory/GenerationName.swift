import LinuxSystem

/// The name of a generation's directory: `..latchkey.7.1790000000.123456789`, a number and a time.
///
/// Every file of a generation has exactly this time as its modification time. So a later removal can tell the
/// generation's files from files that others added.
struct GenerationName: Comparable, Sendable {
    let number: UInt64
    let time: FileTime

    private static let prefix = "..latchkey."

    init(number: UInt64, time: FileTime) {
        self.number = number
        self.time = time
    }

    /// nil if the name does not have exactly this form.
    init?(_ bytes: some Sequence<UInt8>) {
        let text = String(decoding: Array(bytes), as: UTF8.self)
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let number = UInt64(parts[0]), let seconds = Int64(parts[1]),
            let nanoseconds = Int64(parts[2]), 0..<1_000_000_000 ~= nanoseconds
        else { return nil }
        self.init(number: number, time: FileTime(seconds: seconds, nanoseconds: nanoseconds))
        if self.text != text { return nil }
    }

    private var text: String { "\(Self.prefix)\(number).\(time.seconds).\(time.nanoseconds)" }

    var bytes: [UInt8] { Array(text.utf8) }

    var fileName: FileName {
        guard let name = try? FileName(text) else { preconditionFailure("a generation's name is a file name") }
        return name
    }

    static func < (left: GenerationName, right: GenerationName) -> Bool {
        (left.number, left.time.seconds, left.time.nanoseconds)
            < (right.number, right.time.seconds, right.time.nanoseconds)
    }
}

extension FileName {
    /// The link to the current generation.
    static let data: FileName = "..data"
    /// The same link before it is renamed into place.
    static let newData: FileName = "..data.new"
    /// A generation that is being written; no reader can see it.
    static let part: FileName = "..latchkey.part"
    /// Holds the PID of the run that uses the directory of `--directory`; the lock is on the directory itself.
    static let pid: FileName = "..pid"
    /// The PID file before it is renamed into place.
    static let newPID: FileName = "..pid.new"
    /// The cache for a start without the vault, in the directory of `--directory`.
    static let ownCache: FileName = "..cache"
    /// The names that nobody was told of.
    static let untold: FileName = "..untold"
    static let newUntold: FileName = "..untold.new"

    /// The target of the top-level link with this name.
    var linkTarget: [UInt8] { Array("..data/".utf8) + bytes }
}
