import Glibc
import LinuxSystem

/// Where the worker's program is: beside this one, else in `../libexec/latchkey`, opened once so that an upgrade under a
/// running supervisor can't mix versions unnoticed.
///
/// In a bundle the worker's loader and libraries lie beside it, in `lib/`: the loader is started then, and told where.
struct WorkerProgram: ~Copyable {
    let descriptor: OwnedDescriptor
    /// What stands before the arguments: the program's name, or the loader's with its options and the program's path.
    let arguments: [[UInt8]]

    static func find() throws(SystemError) -> WorkerProgram {
        let own = try ProcessFiles.ownProgram()
        let directory = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        var failure = SystemError(call: "open", code: ENOENT, subject: "latchkey-worker")
        for place in [directory, directory + "/../libexec/latchkey"] {
            let path = place + "/latchkey-worker"
            do throws(SystemError) {
                let program = try ProcessFiles.openProgram(path)
                let loader = place + "/lib/ld.so"
                if let loaded = try? ProcessFiles.openProgram(loader) {
                    // Without the image's own cache: what it names was linked with another libc.
                    let words = [
                        loader, "--inhibit-cache", "--library-path", place + "/lib", "--argv0", "latchkey-worker", path,
                    ]
                    return WorkerProgram(descriptor: loaded, arguments: words.map { Array($0.utf8) })
                }
                return WorkerProgram(descriptor: program, arguments: [Array("latchkey-worker".utf8)])
            } catch {
                if error.code != ENOENT {
                    failure = SystemError(call: error.call, code: error.code, subject: "latchkey-worker")
                }
            }
        }
        throw failure
    }
}
