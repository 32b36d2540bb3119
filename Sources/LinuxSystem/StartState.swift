import CLinux
import Glibc

/// The state that this process was started with, and the first steps of both programs.
package enum ProcessStart {
    /// Hardens the process: default dispositions for faults, no core, not dumpable, umask 077, descriptors 0 to 2 open
    /// (prctl(2), `PR_SET_DUMPABLE`). The state before is saved for the programs that it starts.
    package static func harden() throws(SystemError) {
        let code = clinux_harden()
        if code != 0 { throw SystemError(call: "prctl", code: code) }
    }

    /// Names the process for ps(1); a program that a loader or a descriptor started has no name of its own there.
    package static func setName(_ name: String) {
        unsafe clinux_set_name(name)
    }

    /// Blocks all signals, so that a signalfd receives them, also earlier ones. Sets CHLD to its default.
    package static func blockSignals() throws(SystemError) {
        let code = clinux_block_signals()
        if code != 0 { throw SystemError(call: "sigprocmask", code: code) }
    }

    /// Wipes the environment's strings in place: `/proc/PID/environ` shows nothing afterwards.
    package static func wipeEnvironment() {
        clinux_wipe_environment()
    }

    /// Moves the environment to `environment`, and leaves only the time zone to libraries: libcurl, libcrypto and the
    /// resolver find no variable that would change what they trust.
    package static func takeEnvironment() {
        clinux_take_environment()
    }

    /// Releases the program's read-only pages, most of which only the start needs. The kernel reads them again from the
    /// page cache when they are needed (madvise(2), `MADV_DONTNEED` on clean pages of a file).
    package static func releaseProgramPages() {
        clinux_release_program()
    }

    /// Ends the process at once, without the exit handlers of libraries, which may wait for a hung thread.
    package static func exit(_ code: Int32) -> Never {
        _exit(code)
    }

    /// The arguments as raw bytes, as the kernel gave them.
    package static var arguments: [[UInt8]] {
        (0..<clinux_argument_count()).compactMap { unsafe bytes(ofCString: clinux_argument($0)) }
    }

    /// The value of the first variable with this name, as getenv(3) finds it. Copies no other variable.
    package static func variable(_ name: String) -> [UInt8]? {
        unsafe bytes(ofCString: clinux_environment_value(name))
    }

    /// The environment's entries as raw bytes, in their order, with or without an equals sign. Only for processes that
    /// end soon, because the copies are not wiped.
    package static var environment: [[UInt8]] {
        var entries: [[UInt8]] = []
        while let entry = unsafe bytes(ofCString: clinux_environment_entry(entries.count)) {
            entries.append(entry)
        }
        return entries
    }

    /// Copies the original environment into a sealed memory file, entry by entry, each ended by a NUL byte.
    package static func sealedEnvironment() throws(SystemError) -> OwnedDescriptor {
        let file = try MemoryFile.create(name: "environment")
        var index = 0
        while let entry = unsafe clinux_environment_entry(index) {
            let bytes = unsafe UnsafeRawBufferPointer(start: entry, count: strlen(entry) + 1)
            try unsafe writeAll(bytes, to: file.number)
            index += 1
        }
        try MemoryFile.seal(file)
        return file
    }

    /// Whether a signal was ignored at the start.
    package static func wasIgnored(_ number: CInt) -> Bool {
        unsafe clinux_start_state().pointee.ignored & (1 << UInt64(number - 1)) != 0
    }
}

/// The bytes of a C string without its NUL; nil for a null pointer.
func bytes(ofCString pointer: UnsafePointer<CChar>?) -> [UInt8]? {
    guard let pointer = unsafe pointer else { return nil }
    let count = unsafe strlen(pointer)
    return unsafe [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
}
