import CLinux
import Glibc

/// A user, a group and supplementary groups (credentials(7)), as numbers.
package struct UserIdentity: Equatable, Sendable {
    package var user: UInt32
    package var group: UInt32
    package var groups: [UInt32]

    package init(user: UInt32, group: UInt32, groups: [UInt32]) {
        self.user = user
        self.group = group
        self.groups = groups
    }

    /// This thread's identity for access to files.
    package static func current() throws(SystemError) -> UserIdentity {
        UserIdentity(try taken())
    }

    /// Runs `body` with this identity's rights to files only, then restores the old rights.
    ///
    /// It is the file-system identity (setfsuid(2)) of this one thread: other threads (libcurl's resolver) keep theirs,
    /// the user gets no right to signal or trace the process, the kernel takes root's powers over files away,
    /// and the parent-death signal, which the kernel forgets at such a change, is put back.
    package func perform<Value: ~Copyable, Failure: Error>(
        refused: (SystemError) -> Failure, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        var before = clinux_identity()
        var isOther = false
        do throws(SystemError) {
            before = try Self.taken()
            isOther = UserIdentity(before) != self
            if isOther { try set() }
        } catch {
            throw refused(error)
        }
        defer {
            // Going on as another user would be unsafe.
            if isOther, unsafe clinux_identity_set(&before) != 0 { fatalError("the file identity can't be restored") }
        }
        return try body()
    }

    private func set() throws(SystemError) {
        guard groups.count <= 256 else { throw SystemError(call: "setgroups", code: EINVAL) }
        var identity = clinux_identity()
        identity.user = user
        identity.group = group
        identity.group_count = CInt(groups.count)
        unsafe withUnsafeMutableBytes(of: &identity.groups) { bytes in
            for (index, group) in groups.enumerated() {
                unsafe bytes.storeBytes(of: group, toByteOffset: index * MemoryLayout<UInt32>.size, as: UInt32.self)
            }
        }
        if unsafe clinux_identity_set(&identity) != 0 { throw SystemError(call: "setfsuid", subject: "user \(user)") }
    }

    private static func taken() throws(SystemError) -> clinux_identity {
        var identity = clinux_identity()
        if unsafe clinux_identity_get(&identity) != 0 { throw SystemError(call: "getgroups") }
        return identity
    }

    private init(_ identity: clinux_identity) {
        user = identity.user
        group = identity.group
        groups = unsafe withUnsafeBytes(of: identity.groups) {
            unsafe Array($0.bindMemory(to: UInt32.self).prefix(Int(identity.group_count)))
        }
    }
}
