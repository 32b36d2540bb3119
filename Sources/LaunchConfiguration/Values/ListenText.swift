import Glibc
import WorkerProtocol

/// The addresses of `--listen`: `[NAME=]tcp:[HOST:]PORT` and `[NAME=]unix:/PATH[,mode=0660]`.
enum ListenText {
    /// `defaults`: user and group of a path.
    static func parse(_ text: String, user: UInt32, group: UInt32) throws(ValueProblem) -> ListenAddress {
        var address = text[...]
        var name: String?
        if let equals = text.firstIndex(of: "="), !text[..<equals].contains(":") {
            name = String(text[..<equals])
            address = text[text.index(after: equals)...]
            try checkName(name ?? "")
        }
        if let rest = address.dropping("tcp:") { return ListenAddress(name: name, place: try tcp(rest)) }
        guard let rest = address.dropping("unix:") else {
            throw ValueProblem("'\(address)' is no address", hint: forms)
        }
        var (path, mode) = (rest, UInt32(0o660))
        if let comma = rest.lastIndex(of: ","), let digits = rest[comma...].dropping(",mode=") {
            path = rest[..<comma]
            mode = try self.mode(digits)
        }
        try checkPath(path)
        return ListenAddress(name: name, place: .unix(path: String(path), mode: mode, user: user, group: group))
    }

    /// All of a setting, one address a line. A name stands for one socket, and an address is opened once.
    static func parseAll(_ text: String, user: UInt32, group: UInt32) throws(ValueProblem) -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let address = try parse(String(line), user: user, group: group)
            if let name = address.name, addresses.contains(where: { $0.name == name }) {
                throw ValueProblem("two sockets have the name '\(name)'", hint: "give each a name of its own")
            }
            if addresses.contains(where: { $0.text == address.text }) {
                throw ValueProblem("'\(address.text)' is there twice", hint: "keep one of them")
            }
            addresses.append(address)
        }
        guard addresses.count <= ListenAddress.limit else {
            throw ValueProblem("\(addresses.count) sockets are too many; the most is \(ListenAddress.limit)")
        }
        return addresses
    }

    private static let forms = "write tcp:8080, tcp:127.0.0.1:8080, tcp:[::]:8080 or unix:/run/web.sock"

    private static func tcp(_ text: Substring) throws(ValueProblem) -> ListenAddress.Place {
        let colon = text.lastIndex(of: ":")
        let digits = colon.map { text[text.index(after: $0)...] } ?? text
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port > 0
        else { throw ValueProblem("'\(digits)' is no port", hint: "write a number from 1 to 65535") }
        guard let colon else { return .tcp(host: nil, port: port) }
        let host = text[..<colon]
        var bytes = [UInt8](repeating: 0, count: 16)
        let isWide = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
        let bare = String(isWide ? host.dropFirst().dropLast() : host)
        guard unsafe inet_pton(isWide ? AF_INET6 : AF_INET, bare, &bytes) == 1 else {
            throw ValueProblem("'\(host)' is no address of this machine in digits", hint: forms)
        }
        return .tcp(host: bare, port: port)
    }

    /// The longest path of a socket, without its NUL byte (unix(7)).
    private static let pathLimit = 107

    private static func checkPath(_ path: Substring) throws(ValueProblem) {
        guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw ValueProblem("'\(path)' is no absolute path of a socket", hint: forms)
        }
        guard path.utf8.count <= pathLimit else {
            throw ValueProblem("the path has \(path.utf8.count) bytes; a socket's has \(pathLimit) at most")
        }
    }

    private static func mode(_ text: Substring) throws(ValueProblem) -> UInt32 {
        guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...55).contains($0) }),
            let mode = UInt32(text, radix: 8), mode <= 0o777
        else { throw ValueProblem("'\(text)' is no mode", hint: "write octal digits, such as 0660") }
        return mode
    }

    /// Names have no colon, which separates them, and nothing that is not printed (sd_listen_fds(3)).
    private static func checkName(_ name: String) throws(ValueProblem) {
        guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ValueProblem("'\(name)' is no name of a socket", hint: "take printable characters but ':' and '='")
        }
    }
}

extension Substring {
    fileprivate func dropping(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
