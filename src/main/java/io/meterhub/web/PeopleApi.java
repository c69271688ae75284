package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.meterhub.people.ApiKeys;
import io.meterhub.people.ApiKeys.Key;
import io.meterhub.people.People;
import io.meterhub.people.People.Given;
import io.meterhub.people.People.Person;
import io.meterhub.people.Right;
import io.meterhub.people.Role;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** People, their roles, and the keys of machines. The room people decides whether whoever asks may do any of it. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "People", description = "Who may do what. All of it needs MANAGE_PEOPLE everywhere, and nobody gives more than they have themselves.")
class PeopleApi {

    private final People people;
    private final ApiKeys keys;
    private final View view;

    PeopleApi(People people, ApiKeys keys, View view) {
        this.people = people;
        this.keys = keys;
        this.view = view;
    }

    @Schema(name = "Person")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Shown(@JsonUnwrapped Person person, List<Given> roles,
                 @Schema(description = "In the answer that gave it alone: it is kept nowhere, and has to be changed at the first signing in")
                 String oneTimePassword) {
    }

    @Schema(name = "NewPerson")
    record NewPerson(@NotBlank(message = "{valid.needed}") @Schema(description = "For good: the audit log and receipts speak by it") String name,
                     @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewRole", description = "Everywhere, where no place is named")
    record NewRole(@NotNull(message = "{valid.needed}") Role role, Integer siteId,
                   @Schema(description = "A building of the site: the shaft that supplies it") String shaft,
                   @Schema(description = "The code of a shop of the site") String shop,
                   @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "PersonAct")
    record Act(@NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewKey")
    record NewKey(@NotBlank(message = "{valid.needed}") String name,
                  @NotEmpty(message = "{valid.needed}") Set<@NotNull(message = "{valid.needed}") Right> rights,
                  @Schema(description = "Left out: at all sites") List<@NotNull(message = "{valid.needed}") Integer> sites,
                  @Schema(description = "Left out: never") Instant expiresAt,
                  @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "MadeKey")
    record Made(@JsonUnwrapped Key key,
                @Schema(description = "What the machine calls with. In this answer alone: the hub keeps a hash of it") String secret) {
    }

    @GetMapping("/people")
    @Operation(summary = "Everybody who may sign in, or might once, with their roles")
    List<Shown> all() {
        return people.all().stream().map(person -> shown(person, null)).toList();
    }

    @GetMapping("/people/{id}")
    @Operation(summary = "One of them")
    Shown one(@PathVariable int id) {
        return one(id, null);
    }

    @PostMapping(path = "/people", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(summary = "A new person, who may do nothing yet", description = "The answer has the one-time password.")
    Shown create(Operator operator, @Valid @RequestBody NewPerson wish) {
        String password = people.create(wish.name(), operator.name(), wish.why().strip());
        return shown(people.all().stream().filter(person -> person.name().equals(wish.name().strip())).findFirst().orElseThrow(), password);
    }

    @PostMapping(path = "/people/{id}/roles", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Gives a role at a place", description = "Several add up. A LANDLORD is given single shops.")
    Shown give(@PathVariable int id, Operator operator, @Valid @RequestBody NewRole wish) {
        people.give(one(id).person().id(), wish.role(), wish.siteId() == null ? null : view.site(wish.siteId()).id(), wish.shaft(), wish.shop(), operator.name(),
                wish.why().strip());
        return one(id);
    }

    @DeleteMapping("/people/{id}/roles/{role}")
    @Operation(summary = "Takes a role away, by its id in the person's roles", description = "The last administrator's is kept.")
    Shown take(@PathVariable int id, @PathVariable int role, @RequestParam @NotBlank(message = "{valid.needed}") String why, Operator operator) {
        if (one(id).roles().stream().noneMatch(given -> given.id() == role)) {
            throw Refusal.notFound("role of this person", role);
        }
        people.take(id, role, operator.name(), why.strip());
        return one(id);
    }

    @PostMapping(path = "/people/{id}/disable", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Locks a person out for good", description = "Ends all of the person's sessions.")
    Shown disable(@PathVariable int id, Operator operator, @Valid @RequestBody Act act) {
        people.disable(one(id).person().id(), operator.name(), act.why().strip());
        return one(id);
    }

    @PostMapping(path = "/people/{id}/enable", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Lets a person in again who was locked out")
    Shown enable(@PathVariable int id, Operator operator, @Valid @RequestBody Act act) {
        people.enable(one(id).person().id(), operator.name(), act.why().strip());
        return one(id);
    }

    @PostMapping(path = "/people/{id}/unlock", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Ends a lock for failures to sign in", description = "And lets the person in once within half an hour, whatever others try.")
    Shown unlock(@PathVariable int id, Operator operator, @Valid @RequestBody Act act) {
        people.unlock(one(id).person().id(), operator.name(), act.why().strip());
        return one(id);
    }

    @PostMapping(path = "/people/{id}/password-reset", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Gives a one-time password in place of the present one", description = "Takes the second factor away, and ends all of the"
            + " person's sessions and locks.")
    Shown reset(@PathVariable int id, Operator operator, @Valid @RequestBody Act act) {
        return one(id, people.reset(one(id).person().id(), operator.name(), act.why().strip()));
    }

    @GetMapping("/keys")
    @Operation(summary = "The keys of machines, the newest first, those revoked too")
    List<Key> keys() {
        return keys.keys();
    }

    @PostMapping(path = "/keys", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(summary = "Makes a key with rights by name, at all sites or at some", description = "The answer has its secret.")
    Made create(Operator operator, @Valid @RequestBody NewKey wish) {
        String secret = keys.create(wish.name(), wish.rights(), wish.sites() == null ? null : wish.sites().stream().map(site -> view.site(site).id()).toList(),
                wish.expiresAt(), operator.name(), wish.why().strip());
        return new Made(keys.keys().stream().filter(key -> key.name().equals(wish.name())).findFirst().orElseThrow(), secret);
    }

    @DeleteMapping("/keys/{id}")
    @Operation(summary = "Revokes a key: from now on it opens nothing")
    Key revoke(@PathVariable int id, @RequestParam @NotBlank(message = "{valid.needed}") String why, Operator operator) {
        if (keys.keys().stream().noneMatch(key -> key.id() == id)) {
            throw Refusal.notFound("key", id);
        }
        keys.revoke(id, operator.name(), why.strip());
        return keys.keys().stream().filter(key -> key.id() == id).findFirst().orElseThrow();
    }

    private Shown one(int id, String oneTimePassword) {
        return shown(people.all().stream().filter(person -> person.id() == id).findFirst().orElseThrow(() -> Refusal.notFound("person", id)),
                oneTimePassword);
    }

    private Shown shown(Person person, String oneTimePassword) {
        return new Shown(person, people.given(person.id()), oneTimePassword);
    }
}
