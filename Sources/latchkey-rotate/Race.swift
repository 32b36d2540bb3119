import Glibc
import LinuxSystem
import SecretsDirectory

/// Rotates as fast as readers in other processes can follow: every reader ends a pass between two rotations.
///
/// The generation before the current one stays readable, so a reader that keeps this pace never misses a file.
struct Race {
    let directory: String
    let rotations: Int
    let readers: Int
    let files: Int

    func run() throws {
        let directories = try Rotate.take(directory, [:])
        _ = try Rotate.deliver(directories.secrets, mark: "0", files: files, size: 1000)
        let counters = Counters(path: directory + ".counters", count: readers)
        let own = "/proc/self/exe"
        var children: [pid_t] = []
        for index in 0..<readers {
            children.append(spawn([own, "reader", directory, counters.path, "\(index)", "\(files)"]))
        }
        for index in 0..<readers { counters.wait(for: index, beyond: 0, children) }
        for rotation in 1...rotations {
            _ = try Rotate.deliver(directories.secrets, mark: "\(rotation)", files: files, size: 1000)
            // The pass that ends next may have begun before the rotation; the one after it has not.
            let present = (0..<readers).map { counters[$0] }
            for index in 0..<readers { counters.wait(for: index, beyond: present[index], children) }
        }
        let passes = (0..<readers).reduce(0) { $0 + Int(counters[$1]) }
        counters.remove()
        for child in children {
            var status: CInt = 0
            _ = unsafe waitpid(child, &status, 0)
            if status != 0 { end("a reader failed", code: 1) }
        }
        say("\(rotations) rotations, \(passes) passes, \(passes * files) reads")
    }

    private func spawn(_ arguments: [String]) -> pid_t {
        var pid: pid_t = 0
        unsafe withArray(arguments) { list in
            _ = unsafe posix_spawn(&pid, arguments[0], nil, nil, list, environ)
        }
        return pid
    }
}

/// Reads whole generations through `..data`, which it opens once for each.
struct Reader {
    let directory: String
    let counters: String
    let index: Int
    let files: Int

    func run() throws {
        let counters = Counters(opening: counters)
        var pass: UInt64 = 0
        while counters.exists {
            let data = unsafe open(directory + "/..data", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard data >= 0 else { end("no ..data", code: 1) }
            let generation = OwnedDescriptor(owning: data)
            var first: [UInt8]?
            for file in 0..<files {
                let number = unsafe openat(generation.number, Rotate.name(file), O_RDONLY | O_CLOEXEC)
                guard number >= 0 else { end("\(Rotate.name(file)) is missing in pass \(pass)", code: 1) }
                let open = OwnedDescriptor(owning: number)
                guard let bytes = try open.contents(limit: 1000), bytes.count == 1000 else {
                    end("\(Rotate.name(file)) is torn", code: 1)
                }
                if let first, first != bytes { end("a mixed set in pass \(pass)", code: 1) }
                first = bytes
            }
            pass += 1
            counters.set(index, pass)
            sched_yield()
        }
    }
}

/// Numbers that processes share through a file: one writer for each, read by all.
final class Counters {
    let path: String
    private let file: OwnedDescriptor

    init(path: String, count: Int) {
        self.path = path
        file = OwnedDescriptor(owning: unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600))
        for index in 0..<count { set(index, 0) }
    }

    init(opening path: String) {
        self.path = path
        file = OwnedDescriptor(owning: unsafe open(path, O_RDWR | O_CLOEXEC))
    }

    subscript(index: Int) -> UInt64 {
        var value: UInt64 = 0
        _ = unsafe pread(file.number, &value, 8, off_t(index * 8))
        return value
    }

    func set(_ index: Int, _ value: UInt64) {
        var value = value
        _ = unsafe pwrite(file.number, &value, 8, off_t(index * 8))
    }

    /// Waits until a reader got further; ends where a reader has ended.
    func wait(for index: Int, beyond value: UInt64, _ children: [pid_t]) {
        while self[index] <= value {
            var status: CInt = 0
            if unsafe waitpid(children[index], &status, WNOHANG) != 0 { end("a reader failed", code: 1) }
            sched_yield()
        }
    }

    var exists: Bool { ((try? file.status().links) ?? 0) > 0 }

    func remove() { unlink(path) }

    private func unlink(_ path: String) { _ = unsafe Glibc.unlink(path) }
}

private func withArray(_ words: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Void) {
    var list: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    unsafe list.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { unsafe body(base) }
    }
    for index in unsafe list.indices { unsafe free(list[index]) }
}
