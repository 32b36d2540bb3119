import Delivery
import KeyVault
import LaunchConfiguration
import Messages
import Secrets

// From fetched values to the bytes of each target.
extension FetchedSet {
    /// Gives every target its bytes, and every source its warnings.
    mutating func compose(_ fetchPlan: FetchPlan, _ now: Int64) throws(RefreshFailure) {
        list(fetchPlan.sources, now)
        for item in fetchPlan.items {
            let slot: SecretSet.Slot?
            if let same = reused[item.target] {
                slot = same
            } else {
                slot = try RefreshFailure.of { () throws(Diagnosis) in try bytes(of: item, fetchPlan) }
            }
            guard let slot else { continue }
            items.append(FetchedItem(item: item, slot: slot, sources: fetchPlan.sources(of: item)))
        }
    }

    /// nil if an optional object does not exist.
    private mutating func bytes(
        of item: DeliveryItem, _ fetchPlan: FetchPlan
    ) throws(Diagnosis) -> SecretSet.Slot? {
        switch item.content {
        case .object(let request): return try object(request, item, fetchPlan)
        case .token(let resource): return tokens[resource]
        case .set(let references, let format):
            var members: [SetFile.Member] = []
            for reference in references {
                guard let value = try value(of: .object(reference)) else { continue }
                members.append(SetFile.Member(name: reference.object.name, value: value))
            }
            let file = SetFile(path: item.target.name, format: SetFile.Format(format))
            return try Diagnosis.of { () throws(DeliveryError) in try file.render(members, in: &set) }
        case .template:
            guard let (template, references) = fetchPlan.template(of: item) else { return nil }
            var values: [String: SecretSet.Slot] = [:]
            for (text, reference) in references { values[text] = try value(of: reference) }
            let target = item.path.map { "file '\($0)'" } ?? "variable '\(item.target.name)'"
            return try Diagnosis.of { () throws(DeliveryError) in
                try template.render(values, in: &set, target: target)
            }
        case .versions: return nil
        }
    }

    private mutating func object(
        _ request: ObjectRequest, _ item: DeliveryItem, _ fetchPlan: FetchPlan
    ) throws(Diagnosis) -> SecretSet.Slot? {
        let object = request.reference.object
        guard let value = objects[object] else {
            if fetchPlan.policy(of: item) == .warn, let error = absent[object] ?? nil {
                warnLeftOut(item, object, error)
            }
            return nil
        }
        var password: SecretSet.Slot?
        if let reference = request.password {
            password = try self.value(of: .object(reference))
            guard password != nil else {
                if fetchPlan.policy(of: item) == .warn, let error = absent[reference.object] ?? nil {
                    warnLeftOut(item, reference.object, error)
                }
                return nil
            }
        }
        let slot = try Diagnosis.of { () throws(VaultError) in
            try value.shaped(as: request, password: password, in: &set)
        }
        if let path = item.path, let warning = Message.otherForm(value, as: request, in: path) {
            warnings.append(warning)
        }
        return slot
    }

    private mutating func value(of reference: Reference) throws(Diagnosis) -> SecretSet.Slot? {
        switch reference {
        case .token(let resource): return tokens[resource]
        case .object(let reference):
            guard let value = objects[reference.object] else { return nil }
            return try Diagnosis.of { () throws(VaultError) in
                try value.shaped(as: ObjectRequest(reference: reference), in: &set)
            }
        }
    }

    mutating func warnLeftOut(_ item: DeliveryItem, _ object: VaultObject, _ error: VaultError) {
        warnings.append(
            Message(
                .warning, .secretLeftOut, "\(error.diagnosis.text); left out: \(item.target.label)",
                secret: object.name, vault: object.vault.name))
    }
}

extension SetFile.Format {
    fileprivate init(_ format: SetFormat) {
        self =
            switch format {
            case .dotenv: .dotenv
            case .envFile: .envFile
            case .json: .json
            }
    }
}
