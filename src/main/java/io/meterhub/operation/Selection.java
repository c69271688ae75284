package io.meterhub.operation;

import io.meterhub.site.EnergyKind;
import java.util.List;

/** Which of a site's enabled meters: those that are all of this; null, or an empty list, is any. */
public record Selection(List<Integer> meters, List<Integer> shops, String shopGroup, Integer gateway, String shaft, String floor, String model,
                        EnergyKind energyKind) {

    public static Selection ofMeters(List<Integer> meters) {
        return new Selection(meters, null, null, null, null, null, null, null);
    }
}
