import LinuxSystem

/// The name of a generation's directory: `..latchkey.7.1790000000.123456789`, a number and a time.
///
/// Every file of a generation has that time as its own, to the nanosecond. So whoever removes the generation knows the
/// files from those that somebody else put there since.
struct GenerationName: Comparable, Sendable {
    let number: UInt64
    let time: FileTime

    private static let prefix = "..latchkey."

    init(number: UInt64, time: FileTime) {
        self.number = number
        self.time = time
    }

    /// nil where the name is not exactly of this form.
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
    /// A generation that is being written; nobody has ever seen into it.
    static let part: FileName = "..latchkey.part"
    /// The PID of the run that has a directory which `--directory` names; the lock is on the directory.
    static let pid: FileName = "..pid"
    /// The same before it is renamed into place.
    static let newPID: FileName = "..pid.new"
    /// What a start without the vault is served from, in a directory that `--directory` names.
    static let ownCache: FileName = "..cache"

    /// Where the top-level link of this name leads.
    var linkTarget: [UInt8] { Array("..data/".utf8) + bytes }
}
