import Messages

/// Names that users give to variables, instances, units and credentials, and the rules for them.
enum NameTexts {
    /// The variables that Latchkey itself gives the child.
    static let ownVariables = ["LATCHKEY_SECRETS", "LATCHKEY_CHANGED", "LATCHKEY_CHILD_PID"]

    /// Checks a variable's name from the configuration: execve(2) must accept it, and a log must show it unchanged.
    /// Names that no shell can read (`my.setting`, `Logging:Level`) are allowed, because programs read them.
    static func checkVariable(_ name: String) throws(ValueProblem) {
        if name.isEmpty { throw ValueProblem("the variable has no name") }
        if name.utf8.contains(UInt8(ascii: "=")) { throw ValueProblem("a variable's name holds no '='") }
        if name.unicodeScalars.contains(where: { PrintableText.isUnprintable($0) || $0.properties.isWhitespace }) {
            throw ValueProblem("a variable's name holds no blanks and no control characters")
        }
        if ownVariables.contains(name) { throw ValueProblem("the variable '\(name)' is set by latchkey itself") }
    }

    /// Whether a shell can read a variable of that name (POSIX, Base Definitions, 3.216 "Name").
    static func isShellName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    /// Checks an instance's name: it names a directory.
    static func checkInstance(_ name: String) throws(ValueProblem) {
        guard isInstance(name) else {
            throw ValueProblem(
                "'\(name)' is no instance's name",
                hint: "take 1 to 64 letters, digits, '.', '_', '-', '@', ':', beginning with a letter or digit")
        }
    }

    private static func isInstance(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.first.map(isAlphanumeric) == true
            && name.utf8.allSatisfy { isAlphanumeric($0) || "._-@:".utf8.contains($0) }
    }

    /// The default instance's name: the command's base name, with invalid characters replaced.
    static func instance(ofCommand command: [UInt8]) -> String {
        let base = command.split(separator: UInt8(ascii: "/")).last ?? []
        let bytes = base.prefix(64).map { isAlphanumeric($0) || "._-@:".utf8.contains($0) ? $0 : UInt8(ascii: "_") }
        let name = String(decoding: bytes.drop { !isAlphanumeric($0) }, as: UTF8.self)
        return name.isEmpty ? "latchkey" : name
    }

    /// Checks a unit's name (systemd.unit(5)).
    static func checkUnit(_ name: String) throws(ValueProblem) {
        guard (1...255).contains(name.utf8.count), name.utf8.contains(UInt8(ascii: ".")),
            name.utf8.allSatisfy({ isAlphanumeric($0) || "._-@:\\".utf8.contains($0) })
        else { throw ValueProblem("'\(name)' is no unit's name", hint: "write it whole, such as \"web.service\"") }
    }

    /// Checks a credential's name (systemd.exec(5)), which becomes a file's name.
    static func checkCredential(_ name: String) throws(ValueProblem) {
        guard (1...255).contains(name.utf8.count), name != ".", name != "..",
            name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") })
        else { throw ValueProblem("'\(name)' is no credential's name") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
