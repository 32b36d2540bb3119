/// Names of systemd's units, as options have them (systemd.unit(5)).
enum UnitText {
    private static let types = [
        "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope",
    ]

    /// The unit's full name: `nginx` is `nginx.service`, as for systemctl(1).
    static func parse(_ text: String) throws(ValueProblem) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || Array(":-_.\\@".utf8).contains(byte)
        }
        guard isPlain, let first = text.first, first != ".", text.utf8.count <= 247 else {
            throw ValueProblem("'\(text)' is no name of a unit", hint: "write it as systemctl shows it: nginx.service")
        }
        let type = text.split(separator: ".").last.map(String.init) ?? ""
        return text.contains(".") && types.contains(type) ? text : text + ".service"
    }
}
