import CLinux
import Glibc

/// A system call that failed: the call, its `errno`, and what it was about.
package struct SystemError: Error, Equatable, Sendable {
    /// The call's name, as in its man page: `openat2`.
    package let call: String
    /// The value of `errno` (errno(3)).
    package let code: CInt
    /// The path, descriptor name or other subject; never a value.
    package let subject: String?

    /// Describes a failed call; `code` is the current `errno` unless given.
    package init(call: String, code: CInt = errno, subject: String? = nil) {
        self.call = call
        self.code = code
        self.subject = subject
    }

    /// The object to be made exists already (`EEXIST`).
    package var isExisting: Bool { code == EEXIST }

    /// The kernel's words for the code, in lower case: `no such file or directory`.
    package var reason: String {
        guard let words = unsafe clinux_error_text(code) else { return "error \(code)" }
        let text = unsafe String(cString: words)
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

extension SystemError: CustomStringConvertible {
    package var description: String {
        let about = subject.map { " '\($0)'" } ?? ""
        return "\(call)\(about): \(reason)"
    }
}
