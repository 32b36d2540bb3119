import Glibc
import LinuxSystem
import Supervision
import WorkerProtocol

extension WorkerProgram {
    /// Finds the worker's program: beside this one, else in `../libexec/latchkey`; opened once, so that an upgrade under a
    /// running supervisor can't mix versions unnoticed.
    ///
    /// 1. A program that this user can execute and not read, as packages install it, is executed: the kernel keeps such a
    ///    process out of reach of others from its first instruction.
    /// 2. One that can be read is started by a hidden copy of its loader, to the same end: the bundle's loader, which
    ///    lies beside it in `lib/` with its libraries, or the one that the program names.
    static func find() throws(SystemError) -> WorkerProgram {
        let own = try ProcessFiles.ownProgram()
        let directory = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        var failure = SystemError(call: "open", code: ENOENT, subject: "latchkey-worker")
        for place in [directory, directory + "/../libexec/latchkey"] {
            let path = place + "/latchkey-worker"
            do throws(SystemError) {
                let opened = try ProcessFiles.openProgram(path)
                if let program = loaded(path, in: place) { return program }
                return WorkerProgram(executable: opened, file: nil, path: path)
            } catch {
                if error.code != ENOENT {
                    failure = SystemError(call: error.call, code: error.code, subject: "latchkey-worker")
                }
            }
        }
        throw failure
    }

    private static func loaded(_ path: String, in directory: String) -> WorkerProgram? {
        #if SANITIZED
            // A sanitizer's runtime starts its program anew, by the kernel.
            nil
        #else
            guard let file = ProcessFiles.openReadable(path) else { return nil }
            let bundled = directory + "/lib/ld.so"
            // One that can be executed and not read needs no copy.
            if let loader = ProcessFiles.openReadable(bundled) ?? (try? ProcessFiles.openProgram(bundled)) {
                // Without the image's own cache: what it names was linked with another libc.
                let options = ["--inhibit-cache", "--library-path", directory + "/lib"]
                return WorkerProgram(executable: loader, file: file, path: path, loader: bundled, options: options)
            }
            guard let named = ProgramLoader.path(of: file), let loader = ProcessFiles.openReadable(named) else {
                return nil
            }
            return WorkerProgram(executable: loader, file: file, path: path, loader: named)
        #endif
    }
}
