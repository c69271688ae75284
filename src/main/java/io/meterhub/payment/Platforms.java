package io.meterhub.payment;

import io.meterhub.payment.Platform.Payee;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/** The channels that are set up. */
@Component
class Platforms {

    private final ObjectProvider<Platform> platforms;

    Platforms(ObjectProvider<Platform> platforms) {
        this.platforms = platforms;
    }

    Optional<Platform> of(Channel channel) {
        return platforms.stream().filter(platform -> platform.channel() == channel).findFirst();
    }

    /** The ways in which orders can be paid now. */
    List<Way> ways() {
        return Arrays.stream(Way.values()).filter(way -> of(way.channel()).filter(platform -> platform.offers(way)).isPresent()).toList();
    }

    /** To whom payments of the channel go. */
    Set<Payee> payees(Channel channel) {
        return of(channel).stream().flatMap(platform -> Stream.of(Way.values()).filter(way -> way.channel() == channel && platform.offers(way))
                .map(platform::payee)).collect(Collectors.toSet());
    }
}
