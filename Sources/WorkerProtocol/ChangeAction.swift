/// What is done when secrets have changed.
package enum ChangeAction: Equatable, Sendable {
    /// Nothing was chosen: the first change that the child is not told of is a warning.
    case unset
    case none
    case signal(Int32)
    case restart
    /// A second child takes the first one's place when it is ready. The signal tells the first one that files have gone
    /// back, where it may have read newer ones; nil: it is not told.
    case replace(signal: Int32?)
    /// The words of `--exec-on-change`, split as a shell would.
    case exec([String])
    /// A unit of systemd's is reloaded, or restarted where it can't reload.
    case reloadUnit(String)
}

extension ChangeAction {
    func encode(into writer: inout WireWriter) {
        switch self {
        case .unset: writer.write(UInt8(0))
        case .none: writer.write(UInt8(1))
        case .signal(let number):
            writer.write(UInt8(2))
            writer.write(Int64(number))
        case .restart: writer.write(UInt8(3))
        case .exec(let words):
            writer.write(UInt8(4))
            writer.write(list: words) { $0.write($1) }
        case .replace(let signal):
            writer.write(UInt8(5))
            writer.write(optional: signal) { $0.write(Int64($1)) }
        case .reloadUnit(let unit):
            writer.write(UInt8(6))
            writer.write(unit)
        }
    }

    init(reading reader: inout WireReader) throws(WireError) {
        switch try reader.readByte() {
        case 0: self = .unset
        case 1: self = .none
        case 2: self = .signal(try SupervisorPlan.readSignal(&reader))
        case 3: self = .restart
        case 4: self = .exec(try reader.readList(atMost: 4096) { reader throws(WireError) in try reader.readString() })
        case 5:
            self = .replace(
                signal: try reader.readOptional { reader throws(WireError) in try SupervisorPlan.readSignal(&reader) })
        case 6: self = .reloadUnit(try reader.readString())
        default: throw WireError("an unknown action")
        }
    }
}
