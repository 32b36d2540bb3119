/// A socket that the supervisor opens for the child (`--listen`).
package struct ListenAddress: Equatable, Sendable {
    package enum Place: Equatable, Sendable {
        /// An address in digits; nil: all of the machine.
        case tcp(host: String?, port: UInt16)
        /// The file's mode and owner.
        case unix(path: String, mode: UInt32, user: UInt32, group: UInt32)
    }

    /// Its name in `LISTEN_FDNAMES`; nil: it has none.
    package var name: String?
    package var place: Place

    package init(name: String? = nil, place: Place) {
        self.name = name
        self.place = place
    }

    /// The address as an option has it: `tcp:127.0.0.1:8080`, `unix:/run/web.sock`.
    package var text: String {
        switch place {
        case .tcp(let host?, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        case .tcp(nil, let port): "tcp:\(port)"
        case .unix(let path, _, _, _): "unix:\(path)"
        }
    }

    /// How many sockets there can be.
    package static let limit = 32
}

extension ListenAddress {
    func encode(into writer: inout WireWriter) {
        writer.write(optional: name) { $0.write($1) }
        switch place {
        case .tcp(let host, let port):
            writer.write(UInt8(0))
            writer.write(optional: host) { $0.write($1) }
            writer.write(Int64(port))
        case .unix(let path, let mode, let user, let group):
            writer.write(UInt8(1))
            writer.write(path)
            writer.write(Int64(mode))
            writer.write(Int64(user))
            writer.write(Int64(group))
        }
    }

    init(reading reader: inout WireReader) throws(WireError) {
        name = try reader.readOptional { reader throws(WireError) in try reader.readString() }
        switch try reader.readByte() {
        case 0:
            let host = try reader.readOptional { reader throws(WireError) in try reader.readString() }
            place = .tcp(host: host, port: UInt16(try reader.readInteger(in: 1...65_535)))
        case 1:
            place = .unix(
                path: try reader.readString(), mode: UInt32(try reader.readInteger(in: 0...0o777)),
                user: try reader.readID(), group: try reader.readID())
        default: throw WireError("an unknown kind of socket")
        }
    }
}
