import LinuxSystem
import NameServices

/// Users and groups as options name them, resolved by the name service.
struct UserText {
    let service: any NameService

    /// Why a lookup failed: no such name, or a failure of the name service.
    enum Failure: Error {
        case value(ValueProblem)
        case system(SystemError)
    }

    /// Reads `USER[:GROUP]`, each a name or a number; without a group the user's own.
    func runAs(_ text: String) throws(Failure) -> RunAs {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = parts.first, !user.isEmpty else {
            throw .value(ValueProblem("'\(text)' names no user", hint: "write USER or USER:GROUP"))
        }
        let record = try find(String(user))
        // As with chown(1), a colon without a group means the user's own.
        let groupName = parts.count == 2 && !parts[1].isEmpty ? String(parts[1]) : nil
        let group: UInt32? = if let groupName { try self.group(groupName) } else { record?.group }
        guard let number = record?.number ?? Self.number(String(user)) else {
            throw .value(ValueProblem("there is no user '\(user)'"))
        }
        guard let group else {
            throw .value(
                ValueProblem("the user '\(user)' has no name here, and so no group", hint: "write '\(user):GROUP'"))
        }
        guard let record else {
            return RunAs(
                identity: UserIdentity(user: number, group: group, groups: [group]), userName: String(user))
        }
        let groups = try system { () throws(SystemError) in try service.groups(ofUser: record.name, primary: group) }
        return RunAs(
            identity: UserIdentity(user: number, group: group, groups: groups), userName: record.name,
            home: record.home, shell: record.shell)
    }

    /// Reads a group's name or number.
    func group(_ text: String) throws(Failure) -> UInt32 {
        if let number = try system({ () throws(SystemError) in try service.group(named: text) }) { return number }
        guard let number = Self.number(text) else { throw .value(ValueProblem("there is no group '\(text)'")) }
        return number
    }

    /// The record of a user's name or number; a name of digits is looked up as a name first (POSIX chown).
    private func find(_ user: String) throws(Failure) -> UserRecord? {
        if let record = try system({ () throws(SystemError) in try service.user(named: user) }) { return record }
        guard let number = Self.number(user) else { return nil }
        return try system { () throws(SystemError) in try service.user(numbered: number) }
    }

    /// The largest number stands for "unchanged" in the kernel's calls (setresuid(2)).
    private static func number(_ text: String) -> UInt32? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt32(text), number < .max else {
            return nil
        }
        return number
    }

    private func system<Value>(_ body: () throws(SystemError) -> Value) throws(Failure) -> Value {
        do { return try body() } catch { throw .system(error) }
    }
}
