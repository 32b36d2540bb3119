import LinuxSystem
import SecretsDirectory

extension Handover {
    func encode(into writer: inout WireWriter) {
        writer.write(optional: instance) { writer, instance in
            writer.write(instance.name)
            writer.write(instance.path)
            writer.write(instance.isOurs)
            writer.write(instance.isMemory)
        }
        writer.write(secrets.path)
        writer.write(optional: secrets.owner.identity) { $1.encode(into: &$0) }
        writer.write(Int64(secrets.owner.user))
        writer.write(Int64(secrets.owner.group))
        writer.write(secrets.owner.isGroupReadable)
        writer.write(secrets.isShared)
        writer.write(secrets.isMemory)
        writer.write(secrets.isNamed)
        writer.write(secrets.isOurs)
    }

    init(reading reader: inout WireReader) throws(WireError) {
        let instance = try reader.readOptional { reader throws(WireError) in
            Instance(
                name: try reader.readString(), path: try reader.readString(), isOurs: try reader.readBool(),
                isMemory: try reader.readBool())
        }
        let path = try reader.readString()
        let identity = try reader.readOptional { reader throws(WireError) in try UserIdentity(reading: &reader) }
        let owner = DeliveryOwner(
            identity: identity, user: try reader.readID(), group: try reader.readID(),
            isGroupReadable: try reader.readBool())
        self.init(
            instance: instance,
            secrets: Secrets(
                path: path, owner: owner, isShared: try reader.readBool(), isMemory: try reader.readBool(),
                isNamed: try reader.readBool(), isOurs: try reader.readBool()))
    }
}
