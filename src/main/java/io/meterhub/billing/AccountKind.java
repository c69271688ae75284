package io.meterhub.billing;

import io.meterhub.site.EnergyKind;
import java.math.BigDecimal;
import java.util.Optional;

/** What an account is charged for: the energy of its meters, or the shop's property fee (物业费). */
public enum AccountKind {

    ELECTRICITY(EnergyKind.ELECTRICITY), WATER(EnergyKind.WATER), PROPERTY_FEE(null);

    private final EnergyKind energyKind;

    AccountKind(EnergyKind energyKind) {
        this.energyKind = energyKind;
    }

    /** The kind of energy that its meters count; an account of the property fee has no meters. */
    public Optional<EnergyKind> energyKind() {
        return Optional.ofNullable(energyKind);
    }

    public static AccountKind of(EnergyKind energyKind) {
        return switch (energyKind) {
            case ELECTRICITY -> ELECTRICITY;
            case WATER -> WATER;
        };
    }

    /**
     * Whether an account's credit is used up. Energy is paid before it is used: at nothing left it is. A property fee is paid
     * when it is taken: nothing left was enough.
     *
     * @param limitYuan how far credit may go below 0
     */
    boolean exhausted(BigDecimal creditYuan, BigDecimal limitYuan) {
        int above = creditYuan.compareTo(limitYuan.negate());
        return this == PROPERTY_FEE ? above < 0 : above <= 0;
    }
}
