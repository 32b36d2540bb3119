/// Whom a sidecar signals.
package enum SignalTarget: Equatable, Sendable {
    case process(Int32)
    case pidFile(String)
    case command(String)
}

extension SignalTarget {
    func encode(into writer: inout WireWriter) {
        switch self {
        case .process(let pid):
            writer.write(UInt8(0))
            writer.write(Int64(pid))
        case .pidFile(let path):
            writer.write(UInt8(1))
            writer.write(path)
        case .command(let name):
            writer.write(UInt8(2))
            writer.write(name)
        }
    }

    init(reading reader: inout WireReader) throws(WireError) {
        switch try reader.readByte() {
        case 0: self = .process(Int32(try reader.readInteger(in: 1...Int64(Int32.max))))
        case 1: self = .pidFile(try reader.readString())
        case 2: self = .command(try reader.readString())
        default: throw WireError("an unknown target")
        }
    }
}
