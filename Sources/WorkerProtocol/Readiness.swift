/// When a second child counts as ready to take the first one's place (`--ready`).
package enum Readiness: Equatable, Sendable {
    /// It has said READY=1 through its notify socket.
    case notify
    /// It has run for these milliseconds.
    case after(milliseconds: Int64)
    /// A command, in words, ends with 0.
    case command([String])
}

extension Readiness {
    func encode(into writer: inout WireWriter) {
        switch self {
        case .notify: writer.write(UInt8(0))
        case .after(let milliseconds):
            writer.write(UInt8(1))
            writer.write(milliseconds)
        case .command(let words):
            writer.write(UInt8(2))
            writer.write(list: words) { $0.write($1) }
        }
    }

    init(reading reader: inout WireReader) throws(WireError) {
        switch try reader.readByte() {
        case 0: self = .notify
        case 1: self = .after(milliseconds: try reader.readInteger(in: SupervisorPlan.durations))
        case 2:
            self = .command(try reader.readList(atMost: 4096) { reader throws(WireError) in try reader.readString() })
        default: throw WireError("an unknown readiness")
        }
    }
}
