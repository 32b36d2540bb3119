import Glibc
import LinuxSystem
import Messages
import NameServices

/// `./latchkey.toml`, if it was found and not named. It is trusted only if no other user could have written it.
/// Otherwise a user who may write the directory could choose what the commands of others run, as root.
///
/// The rule is that of ssh_config(5): the file belongs to root or to the caller, and neither its group nor others may
/// write it. As in sudoers(5), root's group may write it. The opened file is checked at every reading. A file that is
/// named (`--config`, `LATCHKEY_CONFIG`) is trusted.
struct FoundConfiguration {
    let path: String
    /// The file's name as messages show it.
    let name: String
    let nameService: any NameService

    /// The file's bytes; nil if it does not exist.
    func contents(limit: Int) throws(ConfigurationError) -> [UInt8]? {
        let file: SecureFile
        do { file = try SecureFile.open(path) } catch {
            // In a directory that the caller can't search (chdir(2) needs no right to stay in one) nothing is found.
            let isSearchable = ProcessFiles.isSearchable(PathText.directory(of: path))
            if error.code == ENOENT || error.code == EACCES && !isSearchable { return nil }
            throw ConfigurationText.unreadable(name, error)
        }
        try check(owner: file.owner, group: file.group, mode: file.mode, caller: geteuid())
        var contents = [UInt8](repeating: 0, count: limit + 1)
        do {
            var room = contents.mutableSpan
            contents.removeSubrange(try file.read(into: &room)...)
        } catch { throw ConfigurationText.unreadable(name, error) }
        guard contents.count <= limit else {
            throw ConfigurationText.unreadable(name, SystemError(call: "read", code: EFBIG, subject: path))
        }
        return contents
    }

    /// Refuses (78) a file that others could have written.
    func check(owner: UInt32, group: UInt32, mode: UInt32, caller: UInt32) throws(ConfigurationError) {
        if owner != 0, owner != caller {
            throw untrusted(
                "it belongs to \(words(owner)), who is neither root nor the caller",
                hint: "look it through, and name it with '--config \(name)' if it is yours to trust")
        }
        guard mode & 0o002 != 0 || mode & 0o020 != 0 && group != 0 else { return }
        throw untrusted(
            "it belongs to \(words(owner)), and \(mode & 0o002 != 0 ? "everybody" : "its group") can write it",
            hint: "look it through, and take that right away with 'chmod go-w \(name)', or name it with --config")
    }

    private func untrusted(_ reason: String, hint: String) -> ConfigurationError {
        ConfigurationError(
            .configurationUntrusted, exit: .configuration,
            "configuration file '\(name)' was found, not named, and is not trusted: \(reason)", hint: hint)
    }

    private func words(_ user: UInt32) -> String {
        let name = (try? nameService.user(numbered: user))??.name
        return name.map { "user '\($0)' (\(user))" } ?? "user \(user)"
    }
}
