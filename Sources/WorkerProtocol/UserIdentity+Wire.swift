package import LinuxSystem

extension UserIdentity {
    package func encode(into writer: inout WireWriter) {
        writer.write(Int64(user))
        writer.write(Int64(group))
        writer.write(list: groups) { $0.write(Int64($1)) }
    }

    package init(reading reader: inout WireReader) throws(WireError) {
        self.init(
            user: try reader.readID(), group: try reader.readID(),
            groups: try reader.readList(atMost: 65_536) { reader throws(WireError) in try reader.readID() })
    }
}

extension WireReader {
    /// A user's or group's number. The largest one means "unchanged" to the kernel (setresuid(2)).
    package mutating func readID() throws(WireError) -> UInt32 {
        UInt32(try readInteger(in: 0...Int64(UInt32.max - 1)))
    }
}
