import LaunchConfiguration
import LinuxSystem
import WorkerProtocol

/// Startup settings in the wire format between workers.
extension StartupSettings {
    var encoded: [UInt8] {
        var writer = WireWriter()
        writer.write(list: values.sorted { $0.key < $1.key }) { writer, pair in
            writer.write(pair.key)
            writer.write(pair.value)
        }
        writer.write(optional: configurationPath) { $0.write($1) }
        writer.write(configurationIsFound)
        writer.write(optional: runAs) { writer, runAs in
            runAs.identity.encode(into: &writer)
            writer.write(runAs.userName)
            writer.write(optional: runAs.home) { $0.write($1) }
            writer.write(optional: runAs.shell) { $0.write($1) }
        }
        writer.write(optional: group) { $0.write(Int64($1)) }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(WireError) {
        self.init()
        var reader = WireReader(bytes[...])
        values = Dictionary(
            try reader.readList(atMost: 1000) { reader throws(WireError) in
                (try reader.readString(), try reader.readString())
            }
        ) { $1 }
        configurationPath = try reader.readOptional { reader throws(WireError) in try reader.readString() }
        configurationIsFound = try reader.readBool()
        runAs = try reader.readOptional { reader throws(WireError) in
            RunAs(
                identity: try UserIdentity(reading: &reader), userName: try reader.readString(),
                home: try reader.readOptional { reader throws(WireError) in try reader.readString() },
                shell: try reader.readOptional { reader throws(WireError) in try reader.readString() })
        }
        group = try reader.readOptional { reader throws(WireError) in try reader.readID() }
        try reader.end()
    }
}
