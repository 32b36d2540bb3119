import Foundation
import LinuxSystem

/// What a process holds, as the kernel counts it: root sees it of one that is not dumpable.
struct Footprint: CustomStringConvertible {
    /// What it holds by number; all of it is the same whenever the process rests.
    struct Counts: Equatable {
        var descriptors: Int
        var threads: Int
        /// Lines of `/proc/PID/maps`.
        var mappings: Int
        /// Processes below it, those included that nobody has waited for.
        var descendants: Int
        /// Files, links and directories of its instance, and the kilobytes that its file system keeps for them.
        var files = 0
        var fileKilobytes = 0
    }

    /// Memory that is its own and no file's.
    var anonymousKilobytes: Int
    var residentKilobytes: Int
    /// Of its files in memory (memfd_create(2)), the opaque memory of its workers among them.
    var memoryFileKilobytes: Int
    var counts: Counts

    var description: String {
        "\(residentKilobytes) kB resident, \(anonymousKilobytes) kB of it its own, \(counts.descriptors) descriptors, "
            + "\(counts.threads) threads, \(counts.mappings) mappings, \(counts.descendants) processes below, "
            + "\(memoryFileKilobytes) kB in memory files, \(counts.files) files with \(counts.fileKilobytes) kB"
    }

    /// Of a process, and of the directory of its instance.
    init(of process: Int32, directory: String? = nil) throws {
        let place = "/proc/\(process)"
        let memory = try String(contentsOfFile: place + "/smaps_rollup", encoding: .utf8).split(separator: "\n")
        func kilobytes(_ key: String) -> Int {
            memory.first { $0.hasPrefix(key) }.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: place + "/fd")
        anonymousKilobytes = kilobytes("Anonymous:")
        residentKilobytes = kilobytes("Rss:")
        memoryFileKilobytes = descriptors.reduce(0) { sum, descriptor in
            let path = "\(place)/fd/\(descriptor)"
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
            return sum + (target?.hasPrefix("/memfd:") == true ? Self.kilobytes(path, flags: 0) : 0)
        }
        counts = Counts(
            descriptors: descriptors.count, threads: Int(ProcessFiles.statusLine("Threads:", of: process) ?? "") ?? 0,
            mappings: try String(contentsOfFile: place + "/maps", encoding: .utf8).count { $0 == "\n" },
            descendants: ProcessTree.descendants(of: process).count)
        guard let directory else { return }
        for entry in FileManager.default.enumerator(atPath: directory) ?? .init() {
            guard let name = entry as? String else { continue }
            counts.files += 1
            counts.fileKilobytes += Self.kilobytes("\(directory)/\(name)", flags: AT_SYMLINK_NOFOLLOW)
        }
    }

    /// The room that is taken up, by whole pages: a number that gets another digit is no growth.
    private static func kilobytes(_ path: String, flags: CInt) -> Int {
        var status = stat()
        guard unsafe fstatat(AT_FDCWD, path, &status, flags) == 0 else { return 0 }
        return Int(status.st_blocks) / 2
    }
}
